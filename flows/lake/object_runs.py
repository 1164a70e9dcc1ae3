"""Runs that write a lake on object storage: their marks, and what dead ones left.

In: the prefix of a lake. Out: the id of the release that a run makes, while it is the only writer
as far as can be seen. A mark (`runs/<id>`) names its writer and is renewed while that works: it is
advice, and marks what may be removed. What keeps two writers apart is the condition on the pointer.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import msgspec

from flows.lake.lock import Holder, LakeBusy, repeat_while_written, this_holder
from flows.release.manifest import JSON_ERRORS, MANIFEST, is_release_id, release_id, time_after
from flows.release.pointer import POINTER, RUNS, Pointer, PointerRead, read_pointer
from flows.release.resolve import RELEASES
from flows.storage.objects import ObjectPath, StoreError

RENEWED_EVERY = 20.0
"""Seconds between two writes of a mark."""

DEAD_AFTER = timedelta(seconds=120)
"""The age of a mark, by the store's clock, after which its run is taken for dead."""

KEPT_WRITES = 50
"""Changes that the pointer names: more than others can make while one answer is on its way."""


def write_pointer(
    root: ObjectPath,
    before: PointerRead,
    change: str,
    release: str | None,
    instead_of: str | None = None,
) -> bool:
    """Replace the pointer that was read as `before`; False if it was changed since.

    True also where another writer has replaced it again before the answer came. `change` is what
    is done, with the id of the release that it is done to.
    """
    pointer, etag = before
    write = f"{change} {secrets.token_hex(8)}"
    writes = (write, *pointer.writes)[:KEPT_WRITES]
    data = msgspec.json.encode(Pointer(release, instead_of, writes))
    if (root / POINTER).write_if(data + b"\n", etag):
        return True
    return write in read_pointer(root)[0].writes


@dataclass
class Run:
    """A run at work: the id of its release, and what became of it.

    `outcome` is `unpublished`, `published`, or `unknown` when the store's answer never came.
    """

    mark: ObjectPath
    holder: Holder
    outcome: str = "unpublished"

    @property
    def id(self) -> str:
        """The id of the release that it makes."""
        return self.mark.name

    def renew(self) -> None:
        """Write the mark, with the store's time of now."""
        self.mark.write_bytes(msgspec.json.encode(self.holder))


@contextmanager
def marked_run(
    root: ObjectPath,
    *,
    wait: bool | float = False,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[Run]:
    """Mark a run and yield it when the writers before it have ended.

    LakeBusy names one of them, unless `wait` outlasts it. What dead runs left is removed first; at
    the end the mark is, with all that the run wrote if that was not published.
    """
    ids = [*(root / RELEASES).folders(), *_marks(root)]
    now = time_after(filter(is_release_id, ids), datetime.now(UTC))
    run = Run(root / RUNS / release_id(now, secrets.token_hex(4)), this_holder())
    run.renew()
    ended = Event()

    def keep_renewed() -> None:
        while not ended.wait(RENEWED_EVERY):
            with suppress(StoreError):  # the next time it may succeed
                run.renew()

    renewal = Thread(target=keep_renewed, daemon=True, name="renew-mark")
    renewal.start()
    try:
        # Other runs at work with a lower id are before this one.
        dead = repeat_while_written(
            root, lambda: runs_at_work(root, run.id), wait=wait, waiting=waiting, seconds=1
        )
        _remove_dead_runs(root, dead)
        yield run
    finally:
        ended.set()
        renewal.join()
        with suppress(StoreError):  # the next writer finishes it
            if run.outcome == "published":
                run.mark.parent.delete([run.id])
            elif run.outcome == "unpublished":
                remove_run(root, run.id)


def remove_run(root: ObjectPath, name: str) -> None:
    """Remove what a run has written, then its mark. Its release must not be current."""
    prefix = root / RELEASES / name
    prefix.delete([MANIFEST])  # what follows is of no release any more
    prefix.delete(prefix.objects()["name"].to_pylist())
    (root / RUNS).delete([name])


def living_writer(root: ObjectPath) -> Holder | None:
    """A writer at work, or the one that died last; None where no run has a mark."""
    marks = sorted(_marks(root), reverse=True)
    holders = [holder for name in marks if isinstance(holder := _holder(root, name), Holder)]
    return min(holders, key=lambda holder: holder.was_killed, default=None)


def _marks(root: ObjectPath) -> dict[str, datetime]:
    """The runs with a mark, and when it was renewed, by the store's clock."""
    listed = (root / RUNS).objects()
    marks = zip(listed["name"].to_pylist(), listed["modified"].to_pylist(), strict=True)
    return {name: modified for name, modified in marks if is_release_id(name)}


def _holder(root: ObjectPath, name: str) -> Holder | str | None:
    """The writer that a mark names, or words for a damaged mark; None for one that is gone."""
    try:
        return msgspec.json.decode((root / RUNS / name).read_bytes(), type=Holder)
    except FileNotFoundError:
        return None
    except JSON_ERRORS:
        return "another process"


def runs_at_work(root: ObjectPath, own: str | None = None) -> tuple[list[str], Holder | str | None]:
    """The dead runs, and a writer that is at work: of those whose id is less than `own`, or all."""
    dead, living = [], None
    marks = _marks(root)
    # A run has just written its own mark, which has the store's time of now.
    now = max(marks.values()) if own in marks else datetime.now(UTC)
    for name in (name for name in marks if own is None or name < own):
        holder = _holder(root, name)
        was_killed = isinstance(holder, Holder) and holder.was_killed
        if was_killed or now - marks[name] > DEAD_AFTER:
            dead.append(name)
        else:
            living = holder or living
    return dead, living


def _remove_dead_runs(root: ObjectPath, dead: list[str]) -> None:
    """Remove what dead runs left; the mark alone where a run had published its release."""
    before = read_pointer(root)
    pointer, _ = before
    # A run that is not dead but slow must not publish what is removed: its condition on the
    # pointer fails from now on.
    if dead and not write_pointer(root, before, "clean", pointer.release, pointer.instead_of):
        raise LakeBusy(f"{root} is being written by another process: try again later.")
    for name in dead:
        last_write = next((write for write in pointer.writes if name in write), "delete")
        if last_write.startswith("delete"):
            remove_run(root, name)
        else:
            (root / RUNS).delete([name])
