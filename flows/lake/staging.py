"""The next release while it is made: parts and tables come in, a published release goes out."""

import errno
import os
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.lake.changes import changed_settings, describe_changes, versions
from flows.lake.column_changes import changed_columns
from flows.lake.fingerprint_cache import save_fingerprints
from flows.lake.ownership import STAGING_MARKER
from flows.lake.publish import publish_folder
from flows.lake.table_file import Rows
from flows.lake.write import write_derived
from flows.release.damage import require_files
from flows.release.manifest import (
    MANIFEST,
    FileRecord,
    Manifest,
    PartRecord,
    Receipt,
    content_hash,
    count_problems,
    encode_manifest,
    release_id,
    split_counts,
    time_after,
)
from flows.release.release import Release, files_by_table
from flows.release.release_file import arrow_input
from flows.release.resolve import all_releases, is_folder, is_plain_file
from flows.release.verify import has_recorded_bytes
from flows.storage.atomic import atomic_write
from flows.storage.place import Place

# Why a hard link may not be possible, though a copy is: another disk, no links here, too many
# links, or a file of another owner.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}


class CountMismatch(RuntimeError):
    """What was read is not what was written and refused: a bug of ours, nothing is published."""


class Staging:
    """A release that is being made, for the holder of the lake's lock. Workers get `folder` alone.

    `parent` is the current release (None in a new lake), with the fingerprints that its parts
    have by now: what to plan on. `parts` are those so far, linked and built, by name.
    """

    root: Place

    def __init__(self, root: Place, folder: Path, parent: Release | None) -> None:
        self.root = root
        self.folder = folder
        self.parent = parent
        self.parts: dict[str, PartRecord] = {}
        self._files: dict[str, FileRecord] = {}
        self._restored = False
        files = parent.manifest.files if parent else []
        self._parent_files = {record.path: record for record in files}

    def link(self, parts: Iterable[str]) -> None:
        """Take over these parts of the parent as they are."""
        parent_parts, names = self._parent_parts, set(parts)
        if missing := sorted(names - parent_parts.keys()):
            raise ValueError(f"the parent release has no parts {missing}")
        self.parts |= {name: parent_parts[name] for name in sorted(names)}
        for record in self._parent_files.values():
            if record.part in names:
                self._link(record)
                self._files[record.path] = record

    def link_others(self, dataset: str) -> None:
        """Take over all parts of all data sets but this one."""
        parts = self._parent_parts.items()
        self.link(name for name, part in parts if part.dataset != dataset)

    @property
    def _parent_parts(self) -> dict[str, PartRecord]:
        return self.parent.manifest.parts if self.parent else {}

    def _link(self, record: FileRecord) -> None:
        """Put the parent's file at its path in staging, in place of a file with equal bytes."""
        assert self.parent is not None, "only files of the parent are linked"
        assert isinstance(self.parent.path, Path)
        source, target = self.parent.path / record.path, self.folder / record.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        require_files(self.parent, [record])
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            with source.open("rb") as original, atomic_write(target) as copy:
                shutil.copyfileobj(original, copy)

    def record(self, receipts: Iterable[Receipt]) -> None:
        """Record built parts as they come. CountMismatch when rows were lost or invented.

        Files that came out equal to the parent's are replaced by links to it.
        """
        for receipt in receipts:
            for problem in count_problems(receipt.counts, receipt.files):
                raise CountMismatch(f"part {receipt.part}: {problem}")
            self._add_files(receipt.files)
            dataset, split, _ = receipt.part.split("/")
            self.parts[receipt.part] = PartRecord(
                dataset, split, receipt.fingerprint, dict(receipt.counts)
            )

    def write_table(self, name: str, rows: Rows, number: int = 0) -> list[FileRecord]:
        """Write a derived table, from a table or a reader: see `write_derived`.

        Only the files of number 0 exist for each split, if need be without rows.
        """
        splits = {(part.dataset, part.split) for part in self.parts.values() if number == 0}
        records = write_derived(self.folder, name, rows, splits=splits, number=number)
        self._add_files(records)
        return records

    def link_table(self, name: str, number: int = 0) -> bool:
        """Take over what `write_table` wrote into the parent; False if it is absent or damaged."""
        paths = f"{name}.parquet", f"/part-{number:05d}.parquet"
        files = self._parent_files.values()
        own = [record for record in files if record.table == name and record.path.endswith(paths)]
        if self.parent is None or not own or not self._have_recorded_bytes(own):
            return False
        for record in own:
            self._link(record)
            self._files[record.path] = record
        return True

    def _add_files(self, records: Iterable[FileRecord]) -> None:
        for record in records:
            self._files[record.path] = record
            before = self._parent_files.get(record.path)
            if before is None or before.sha256 != record.sha256:
                continue
            # Parts are linked unread; a derived file takes the place of a damaged one.
            if record.part or self._have_recorded_bytes([before]):
                self._link(record)
            else:
                self._restored = True

    def place(self, record: FileRecord) -> Place:
        """Where a file of the next release can be read now."""
        return self.folder / record.path

    def files(self, table: str) -> list[Place]:
        """The files of a table so far."""
        own = (record for record in self._files.values() if record.table == table)
        return files_by_table(own, self.place).get(table, [])

    def tables(self) -> dict[str, list[Place]]:
        """All files so far by table, for the warehouse."""
        return files_by_table(self._files.values(), self.place)

    def changed_parts(self) -> frozenset[str]:
        """Parts whose files are not those of the parent: new, changed and removed ones."""
        records = (self._files.values(), self._parent_files.values())
        after, before = ({(r.part, r.path, r.sha256) for r in side if r.part} for side in records)
        return frozenset(part for part, _, _ in after ^ before if part)

    def part_files(self, parts: Collection[str]) -> dict[str, list[Place]]:
        """The files of these parts so far, by table."""
        own = (record for record in self._files.values() if record.part in parts)
        return files_by_table(own, self.place)

    def is_unchanged(self, table: str) -> bool:
        """Whether the files of a table are those of the parent."""
        records = (self._files.values(), self._parent_files.values())
        after, before = ({(r.path, r.sha256) for r in side if r.table == table} for side in records)
        return after == before

    def replaced_files(self, parts: Collection[str]) -> dict[str, list[Place]] | None:
        """The parent's files of these parts, by table; None if the bytes of one differ."""
        own = [record for record in self._parent_files.values() if record.part in parts]
        if self.parent is None or not self._have_recorded_bytes(own):
            return None
        return files_by_table(own, self.parent.place)

    def changed_columns(self) -> Mapping[str, set[str]]:
        """Columns of parts, by table, whose rows may differ from the parent's."""
        before = self._parent_files.values() if self.parent else ()
        place = self.parent.place if self.parent else self.place
        return changed_columns(
            [(record, place(record)) for record in before if record.part],
            [(record, self.place(record)) for record in self._files.values() if record.part],
        )

    def _have_recorded_bytes(self, records: Iterable[FileRecord]) -> bool:
        assert self.parent is not None, "only files of the parent are compared with their records"
        return all(has_recorded_bytes(self.parent, record) for record in records)

    def stored_rows(self, table: str) -> pa.Table | None:
        """The parent's rows of a table that is a single file; None if it is absent or damaged."""
        record = self._parent_files.get(f"{table}.parquet")
        if self.parent is None or record is None or not self._have_recorded_bytes([record]):
            return None
        import pyarrow.parquet as pq

        return pq.read_table(arrow_input(self.parent.place(record)), partitioning=None)

    def split_counts(self, dataset: str) -> dict[str, dict[str, int]]:
        """Counts of one data set so far, by split: for `shrunk_splits` and `refused_splits`."""
        return split_counts(self.parts, dataset)

    def publish(
        self,
        *,
        inputs: Mapping[str, Mapping[str, Any]] | None = None,
        parameters: Mapping[str, Any] | None = None,
        checks: Sequence[Mapping[str, Any]] = (),
        runs: Mapping[str, Any] | None = None,
    ) -> Release:
        """Make this the current release, in one instant, and return it.

        `parameters`, and `inputs` of data sets that it does not name, are the parent's by default.
        When content, inputs (except listings) and parameters are the parent's, and no damaged file
        was replaced, nothing is published and the parent returned; changed fingerprints are saved
        for the next run.
        """
        before = self.parent.manifest if self.parent else None
        content = content_hash(self._files.values())
        datasets = {part.dataset for part in self.parts.values()}
        given_inputs = {**(before.inputs if before else {}), **(inputs or {})}
        all_inputs = {name: dict(facts) for name, facts in given_inputs.items() if name in datasets}
        if parameters is None:
            parameters = before.parameters if before else {}
        settings = changed_settings(before, parameters, all_inputs) if before else []
        if (
            self.parent
            and before
            and content == before.content
            and not (settings or self._restored)
        ):
            save_fingerprints(self.root, self.parent.id, self.parts, all_inputs)
            return Release(self.parent.path)

        created, name = self._name(content)
        manifest = Manifest(
            release=name,
            created=created,
            parent=self.parent.id if self.parent else None,
            content=content,
            versions=versions(),
            inputs=all_inputs,
            parameters=dict(parameters),
            parts=dict(sorted(self.parts.items())),
            files=[self._files[path] for path in sorted(self._files)],
            checks=[dict(check) for check in checks],
            changes=describe_changes(
                before, self.parts, self._files.values(), settings, restored=self._restored
            ),
            runs=dict(runs or {}),
        )
        return self._publish(manifest)

    def _publish(self, manifest: Manifest) -> Release:
        """Make the staged files and this manifest the current release."""
        assert isinstance(self.root, Path)
        self._remove_unrecorded_files()
        with atomic_write(self.folder / MANIFEST) as file:
            file.write(encode_manifest(manifest))
        # Only now: at every instant the folder holds what marks it as the lake's own.
        (self.folder / STAGING_MARKER).unlink(missing_ok=True)
        return Release(publish_folder(self.root, self.folder, manifest.release))

    def _name(self, content: str) -> tuple[datetime, str]:
        """The time of publication, and an id that sorts after all others."""
        created = datetime.now(UTC)
        ids = [release.id for release in all_releases(self.root)]
        return created, release_id(time_after(ids, created), content)

    def _remove_unrecorded_files(self) -> None:
        """Remove what a killed worker left; CountMismatch unless every recorded file is whole."""
        recorded = {self.folder / name for name in (*self._files, STAGING_MARKER)}
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if is_folder(path):
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in recorded or path.is_symlink():
                path.unlink()
        for name, record in self._files.items():
            path = self.folder / name
            size = path.stat().st_size if is_plain_file(path) else None
            if size != record.bytes:
                raise CountMismatch(f"{name} has {size} bytes, recorded: {record.bytes}")
