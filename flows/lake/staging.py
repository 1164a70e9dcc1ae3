"""The next release while it is being made: linked, recorded, derived, and then published whole."""

import errno
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.lake.changes import changed_settings, describe_changes, versions
from flows.lake.derived import write_derived
from flows.lake.fingerprint_cache import save_fingerprints
from flows.lake.lock import CLAIM
from flows.lake.publish import publish_folder
from flows.lake.table_file import Rows, make_folders
from flows.release.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    PartRecord,
    Receipt,
    content_hash,
    encode_manifest,
    release_id,
    release_time,
    split_counts,
)
from flows.release.release import Release, all_releases, files_by_table
from flows.storage.atomic import atomic_write
from schemas.errors import InputError

# Why a hard link may not be possible, though a copy is: another disk, no links here, too many
# links, or a file of another owner.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}


class CountMismatch(RuntimeError):
    """What was read is not what was written and refused: a bug of ours, nothing is published."""


class Staging:
    """A release in the making, for the holder of the lake's lock. Workers get `folder` alone.

    `parent` is the release that is current now (None in a new lake), with the fingerprints its
    parts have by now: what to plan on.
    """

    def __init__(self, root: Path, folder: Path, parent: Release | None) -> None:
        self.root = root
        self.folder = folder
        self.parent = parent
        self._parts: dict[str, PartRecord] = {}
        self._files: dict[str, FileRecord] = {}
        self._before = {} if parent is None else {one.path: one for one in parent.manifest.files}

    def link(self, parts: Iterable[str]) -> None:
        """Take these parts over from the parent as they are: their files as hard links."""
        wanted = set(parts)
        manifest = self._parent_manifest(wanted)
        if missing := sorted(wanted - set(manifest.parts if manifest else ())):
            raise ValueError(f"the parent release has no parts {missing}")
        for record in manifest.of_parts(wanted) if manifest else ():
            self._link(record)
            self._files[record.path] = record
        for name in sorted(wanted):
            if manifest is not None:
                self._parts[name] = manifest.parts[name]

    def link_others(self, dataset: str | None = None) -> None:
        """Take over all parts of all data sets but this one (of all, with None)."""
        if self.parent is not None:
            parts = self.parent.manifest.parts
            self.link(name for name, part in parts.items() if part.dataset != dataset)

    def _parent_manifest(self, wanted: set[str]) -> Manifest | None:
        if self.parent is None and wanted:
            raise ValueError("there is no parent release to link from")
        return None if self.parent is None else self.parent.manifest

    def _link(self, record: FileRecord) -> None:
        """Put the parent's file at its place in staging, instead of what may lie there."""
        if self.parent is None:
            raise ValueError("there is no parent release to link from")
        source, target = self.parent.path / record.path, self.folder / record.path
        make_folders(self.folder, target.parent)
        aside = target.with_name(f".{target.name}.link")
        aside.unlink(missing_ok=True)
        try:
            os.link(source, aside)
        except FileNotFoundError as error:
            raise InputError(
                f"{source} is missing, so {self.parent.id} is damaged: `wardrobe verify` says how "
                "much of it, `wardrobe rollback ID` goes back to another release."
            ) from error
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            with source.open("rb") as old, atomic_write(aside) as new:
                shutil.copyfileobj(old, new)
        aside.replace(target)

    def record(self, receipts: Iterable[Receipt]) -> None:
        """Take up built parts as they come. CountMismatch when rows were lost or made up.

        Files that came out equal to the parent's are replaced by links to it.
        """
        for receipt in receipts:
            dataset, split, _ = receipt.part.split("/")
            require_counts(receipt)
            for record in receipt.files:
                self._take(record)
            self._parts[receipt.part] = PartRecord(
                dataset, split, receipt.fingerprint, dict(receipt.counts)
            )

    def write_table(self, name: str, rows: Rows) -> list[FileRecord]:
        """Write a derived table, from a table or a reader: see `write_derived`."""
        splits = {(part.dataset, part.split) for part in self._parts.values()}
        records = write_derived(self.folder, name, rows, splits=splits)
        for record in records:
            self._take(record)
        return records

    def _take(self, record: FileRecord) -> None:
        self._files[record.path] = record
        same = self._before.get(record.path)
        if same is not None and same.sha256 == record.sha256:
            self._link(record)

    def files(self, table: str) -> list[Path]:
        """The files of a table so far."""
        return self.tables().get(table, [])

    def tables(self) -> dict[str, list[Path]]:
        """All files so far by table, for the warehouse."""
        return files_by_table(self.folder, list(self._files.values()))

    def changed_tables(self) -> dict[str, list[Path]]:
        """All files of the parts that are not in the parent as they are here, by table."""
        before = {path: record.sha256 for path, record in self._before.items()}
        records = [record for record in self._files.values() if record.part]
        changed = {each.part for each in records if before.get(each.path) != each.sha256}
        return files_by_table(self.folder, [each for each in records if each.part in changed])

    @property
    def parts(self) -> Mapping[str, PartRecord]:
        """The parts so far, linked and built, by name."""
        return self._parts

    def split_counts(self, dataset: str) -> dict[str, dict[str, int]]:
        """Counts of one data set so far, by split: for `shrunk_splits` and `refused_splits`."""
        return split_counts(self._parts, dataset)

    def publish(
        self,
        *,
        inputs: Mapping[str, Mapping[str, Any]] | None = None,
        parameters: Mapping[str, Any] | None = None,
        checks: Sequence[Mapping[str, Any]] = (),
        runs: Mapping[str, Any] | None = None,
    ) -> Release:
        """Make this the current release, in one instant, and return it.

        `inputs` of data sets that are not given and `parameters`, when None, are the parent's.
        When content, inputs (their listings apart) and parameters are the parent's, nothing is
        published and the parent returned; changed fingerprints are remembered.
        """
        was = None if self.parent is None else self.parent.manifest
        content = content_hash(self._files.values())
        datasets = {part.dataset for part in self._parts.values()}
        all_inputs = {
            name: dict(facts)
            for name, facts in {**(was.inputs if was else {}), **(inputs or {})}.items()
            if name in datasets
        }
        settings = dict(parameters if parameters is not None else was.parameters if was else {})
        differing = changed_settings(was, settings, all_inputs) if was else []
        if self.parent and was and content == was.content and not differing:
            save_fingerprints(self.root, self.parent.id, self._parts, all_inputs)
            return Release(self.parent.path)

        created, name = self._name(content)
        manifest = Manifest(
            release=name,
            created=created,
            parent=self.parent.id if self.parent else None,
            content=content,
            versions=versions(),
            inputs=all_inputs,
            parameters=settings,
            parts=dict(sorted(self._parts.items())),
            files=[self._files[path] for path in sorted(self._files)],
            checks=[dict(check) for check in checks],
            changes=describe_changes(was, self._parts, self._files.values(), differing),
            runs=dict(runs or {}),
        )
        self._tidy()
        with atomic_write(self.folder / MANIFEST) as file:
            file.write(encode_manifest(manifest))
        # Only now: at every instant the folder holds what marks it as the lake's own.
        (self.folder / CLAIM).unlink(missing_ok=True)
        return Release(publish_folder(self.root, self.folder, name))

    def _name(self, content: str) -> tuple[datetime, str]:
        """The time of publication, and an id that sorts after all others.

        The time in the id is a second after the latest one where the clock has not come so far:
        it was set back, or two releases are made within a second.
        """
        created = datetime.now(UTC)
        times = [release_time(release.id) for release in all_releases(self.root)]
        after = [time + timedelta(seconds=1) for time in times if time]
        return created, release_id(max([created, *after]), content)

    def _tidy(self) -> None:
        """Remove what no record names (an attempt that died), and miss nothing that one does."""
        sizes = {}
        for place, folders, names in os.walk(self.folder, topdown=False):
            links = [name for name in folders if (Path(place) / name).is_symlink()]
            for path in (Path(place) / name for name in [*names, *links]):
                relative = path.relative_to(self.folder).as_posix()
                if relative in self._files and not path.is_symlink():
                    sizes[relative] = path.stat().st_size
                elif relative != CLAIM:
                    path.unlink()
            if Path(place) != self.folder and not any(Path(place).iterdir()):
                Path(place).rmdir()
        for name, record in self._files.items():
            if sizes.get(name) != record.bytes:
                raise CountMismatch(f"{name} has {sizes.get(name)} bytes, recorded: {record.bytes}")


def require_counts(receipt: Receipt) -> None:
    """Raise CountMismatch unless read = written + refused, in counts and in the files' rows."""
    rows: dict[str, int] = {}
    for file in receipt.files:
        rows[file.table] = rows.get(file.table, 0) + file.rows
    counts = receipt.counts
    refused = {word: counts.get(f"{word}_refused", 0) for word in ("documents", "items")}
    for what, left, right in (
        ("documents read", counts.get("documents_read"), rows["images"] + refused["documents"]),
        ("items read", counts.get("items_read"), rows["items"] + refused["items"]),
        ("rejections", rows["rejections"], sum(refused.values())),
        ("images", counts.get("images", rows["images"]), rows["images"]),
        ("items", counts.get("items", rows["items"]), rows["items"]),
    ):
        if left != right:
            raise CountMismatch(
                f"part {receipt.part}: {left} {what}, but {right} written and refused"
            )
