"""The next release of a lake on object storage: staged on this machine, then uploaded and named.

In: a run, a folder of this machine, the parent release. Out: a published release. Order: changed
files are uploaded and unchanged ones copied by the store, under the release's prefix; all of them
are listed there; the manifest is created; the pointer is replaced if nobody has changed it since
the run began.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from flows.lake.lock import LakeBusy
from flows.lake.object_runs import Run, write_pointer
from flows.lake.staging import Staging
from flows.release.damage import require_files
from flows.release.manifest import MANIFEST, FileRecord, Manifest, encode_manifest
from flows.release.pointer import PointerRead
from flows.release.release import Release
from flows.release.resolve import RELEASES
from flows.storage.objects import ObjectPath, StoreError
from flows.storage.place import Place

TRANSFERS = 16
"""Uploads or copies at the same time."""


class ObjectStaging(Staging):
    """A release that is being made; unchanged files stay where they are until it is published."""

    root: ObjectPath

    def __init__(
        self,
        root: ObjectPath,
        folder: Path,
        parent: Release | None,
        run: Run,
        before: PointerRead,
    ) -> None:
        super().__init__(root, folder, parent)
        self._prefix = root / RELEASES / run.id
        self._run, self._before = run, before
        self._linked: set[str] = set()

    def place(self, record: FileRecord) -> Place:
        """Where a file can be read now: in the parent release, or in the folder of the run."""
        if record.path in self._linked and self.parent is not None:
            return self.parent.place(record)
        return super().place(record)

    def _link(self, record: FileRecord) -> None:
        self._linked.add(record.path)
        (self.folder / record.path).unlink(missing_ok=True)

    def _name(self, content: str) -> tuple[datetime, str]:
        return datetime.now(UTC), self._run.id

    def _publish(self, manifest: Manifest) -> Release:
        release = Release(self._prefix, manifest)
        linked = [record for record in manifest.files if record.path in self._linked]
        built = [record for record in manifest.files if record.path not in self._linked]
        if self.parent is not None and linked:
            require_files(self.parent, linked)
        _for_each(linked, self._copy)
        _for_each(built, self._upload)
        require_files(release, manifest.files)
        self._run.renew()  # a run that is taken for dead must not leave what looks like a release
        if (self._prefix / MANIFEST).write_if(encode_manifest(manifest)) is None:
            raise LakeBusy(f"{self._prefix} is being written by another process: try again.")
        self._run.outcome = "unknown"
        try:
            won = write_pointer(self.root, self._before, f"publish {release.id}", release.id)
        except StoreError as error:
            raise StoreError(
                f"{str(error).rstrip('.')}: whether {release.id} was published is not known, and "
                "`wardrobe releases` shows it as soon as the store answers."
            ) from None
        self._run.outcome = "published" if won else "unpublished"
        if not won:
            raise LakeBusy(
                f"{self.root} was changed by another writer meanwhile, so nothing was published: "
                "run it again."
            )
        return release

    def _copy(self, record: FileRecord) -> None:
        assert self.parent is not None and isinstance(self.parent.path, ObjectPath)
        (self.parent.path / record.path).copy_to(self._prefix / record.path)

    def _upload(self, record: FileRecord) -> None:
        (self._prefix / record.path).upload(self.folder / record.path)


def _for_each(records: Iterable[FileRecord], transfer: Callable[[FileRecord], None]) -> None:
    with ThreadPoolExecutor(TRANSFERS) as pool:
        transfers = [pool.submit(transfer, record) for record in records]
        try:
            for each in transfers:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
