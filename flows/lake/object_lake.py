"""A lake on object storage: its prefix comes in; releases go out, and writers make the next.

Two writers may work at the same time: the pointer takes the change of the first that ends, and the
other one publishes nothing.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows.lake.fingerprint_cache import with_cached_fingerprints
from flows.lake.lake import Lake
from flows.lake.lock import Holder, LakeBusy, this_holder
from flows.lake.object_runs import (
    living_writer,
    marked_run,
    remove_run,
    runs_at_work,
    write_pointer,
)
from flows.lake.object_staging import ObjectStaging
from flows.lake.releases import Deleted, LakeReleases, RollbackPin
from flows.lake.staging import Staging
from flows.release.pointer import RUNS, Pointer, PointerRead, read_pointer
from flows.release.release import Release
from flows.release.resolve import (
    LAKE_FILE,
    LAKE_FORMAT,
    RELEASES,
    LakeFile,
    find_release,
    require_known_format,
)
from flows.storage.objects import ObjectPath
from flows.storage.place import Place, parse_place
from schemas.errors import InputError


def open_lake(place: str | Place) -> LakeReleases:
    """The lake in a folder, or at `s3://bucket/prefix`; it need not exist yet. InputError."""
    root = parse_place(place)
    return ObjectLake(root) if isinstance(root, ObjectPath) else Lake(root)


class ObjectLake(LakeReleases):
    """A prefix that holds releases."""

    root: ObjectPath

    def __init__(self, root: ObjectPath) -> None:
        self.root = root

    def require_place(self) -> None:
        """Raise InputError for a prefix that is not a lake and cannot become one."""
        if require_known_format(self.root):
            return
        place = self.root
        while place.key:
            place = place.parent
            if (place / LAKE_FILE).exists():
                raise InputError(
                    f"{self.root} is in the lake {place}: give --lake a prefix outside of it."
                )
        # In this order: another process may be making the lake.
        if not self.root.is_empty() and not require_known_format(self.root):
            raise InputError(
                f"{self.root} holds other things and is not a lake: give --lake an empty prefix."
            )

    def writer(self) -> Holder | None:
        """Who writes the lake: at work, or killed before it could remove its mark."""
        return living_writer(self.root)

    @contextmanager
    def writing(
        self,
        *,
        wait: bool | float = False,
        waiting: Callable[[str], None] | None = None,
        resume: bool = False,
    ) -> Iterator[Staging]:
        """As declared; the changed files need room in the temporary folder of this machine.

        LakeBusy also at the end, when another writer has published since the beginning.
        """
        self._make()
        with marked_run(self.root, wait=wait, waiting=waiting) as run:
            if resume and self.pin:
                self.resume()
            before = read_pointer(self.root)
            pointer, _ = before
            self._require_no_rollback(_pin_of(pointer))
            parent = None
            if pointer.release is not None:
                release = Release(self.root / RELEASES / pointer.release)
                parent = with_cached_fingerprints(self.root, release)
            with tempfile.TemporaryDirectory(prefix="wardrobe-staging-") as folder:
                yield ObjectStaging(self.root, Path(folder), parent, run, before)

    def _make(self) -> None:
        """Make the prefix a lake with a pointer. InputError for one that holds other things."""
        if not require_known_format(self.root):
            self.require_place()
            data = msgspec.json.encode(LakeFile(LAKE_FORMAT, datetime.now(UTC)))
            (self.root / LAKE_FILE).write_if(data + b"\n")  # else another process made it
        before = read_pointer(self.root)
        if before[1] is None:
            write_pointer(self.root, before, "create", None)

    def rollback(self, name: str) -> Release:
        """Make an older release current; ingests are refused from then on, until `resume`."""
        self._require_no_writer()
        before = read_pointer(self.root)  # first: see _delete
        pointer, _ = before
        release = find_release(self.root, name)
        _ = release.manifest  # a damaged one is refused here
        if release.id == pointer.release:
            raise InputError(
                f"{release.id} is the current release already: there is nothing to undo."
            )
        instead_of = pointer.instead_of or pointer.release or release.id
        self._change(before, f"rollback {release.id}", release.id, instead_of)
        return release

    def resume(self) -> None:
        """Let ingests publish again after a rollback, on top of the current release."""
        self.release()
        before = read_pointer(self.root)
        if before[0].instead_of:
            self._change(before, "resume", before[0].release)

    def _change(
        self,
        before: PointerRead,
        change: str,
        release: str | None,
        instead_of: str | None = None,
    ) -> None:
        if not write_pointer(self.root, before, change, release, instead_of):
            raise LakeBusy(f"{self.root} was changed by another writer meanwhile: try again.")

    @property
    def pin(self) -> RollbackPin | None:
        """The rollback in force, if any; InputError when the pointer is damaged."""
        return _pin_of(read_pointer(self.root)[0])

    @contextmanager
    def _deleting(self) -> Iterator[None]:
        if not require_known_format(self.root):
            find_release(self.root)
        self._require_no_writer()
        yield

    def _require_no_writer(self) -> None:
        """Raise LakeBusy rather than let a run that is at work publish nothing at its end."""
        _, living = runs_at_work(self.root)
        if living is not None:
            raise LakeBusy(f"{self.root} is being written by {living}: try again later.")

    def _delete(self, releases: Iterable[Release]) -> Deleted:
        ids, files, size = [], 0, 0
        for release in releases:
            before = read_pointer(self.root)
            pointer, _ = before
            mark = self.root / RUNS / release.id
            mark.write_bytes(msgspec.json.encode(this_holder()))
            # From the mark on no reader finds it. Who has found it before, to roll back to it, read
            # the pointer before that: one of the two changes of the pointer fails.
            try:
                if release.id in (pointer.release, pointer.instead_of):
                    raise LakeBusy(f"{release.id} was made current meanwhile, and stays.")
                self._change(before, f"delete {release.id}", pointer.release, pointer.instead_of)
            except LakeBusy:
                mark.parent.delete([release.id])
                raise
            listed = (self.root / RELEASES / release.id).objects()
            files, size = files + listed.num_rows, size + sum(listed["size"].to_pylist())
            remove_run(self.root, release.id)
            ids.append(release.id)
        return Deleted(tuple(ids), files, size)


def _pin_of(pointer: Pointer) -> RollbackPin | None:
    if pointer.release is None or pointer.instead_of is None:
        return None
    return RollbackPin(pointer.release, pointer.instead_of)
