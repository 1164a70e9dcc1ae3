"""Releases on object storage: a lake's prefix comes in; its pointer and the ids of releases go out.

A store has neither renames nor links, so `current.json` says which release is current. A run marks
its release with an object in `runs/` until it is current, and readers take no marked one for a
release; what has no manifest is none either.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeAlias

import msgspec

from flows.release.manifest import JSON_ERRORS, MANIFEST, is_release_id
from flows.storage.objects import ObjectPath
from schemas.errors import InputError

POINTER = "current.json"
RUNS = "runs"


class Pointer(msgspec.Struct, frozen=True):
    """The content of `current.json`: the current release, None before the first.

    `instead_of` is the release that was current before a rollback that is in force. `writes` has
    the last changes, newest first, as `publish ID NUMBER`, or with `rollback`, `resume`, `delete`,
    `clean` and `create`: by the random number a writer knows its own change.
    """

    release: str | None = None
    instead_of: str | None = None
    writes: tuple[str, ...] = ()


PointerRead: TypeAlias = tuple[Pointer, str | None]
"""A pointer as it was read, and its etag; None without a pointer."""


def read_pointer(root: ObjectPath) -> PointerRead:
    """The pointer of a lake and its etag, None without a pointer. InputError when it is damaged."""
    path = root / POINTER
    try:
        data, etag = path.read_tagged()
    except FileNotFoundError:
        return Pointer(), None
    try:
        pointer = msgspec.json.decode(data, type=Pointer)
        if not all(map(is_release_id, filter(None, (pointer.release, pointer.instead_of)))):
            raise msgspec.ValidationError("it does not name releases")
    except JSON_ERRORS as error:
        raise InputError(
            f"{path} is damaged ({error}): remove the object, and `wardrobe rollback ID` makes a "
            "release current."
        ) from error
    return pointer, etag


def marked_runs(root: ObjectPath) -> list[str]:
    """The ids of releases that runs are making, or have left unfinished."""
    names = (root / RUNS).objects()["name"].to_pylist()
    return [name for name in names if is_release_id(name)]


def release_prefixes(root: ObjectPath, releases: str) -> list[ObjectPath]:
    """The prefixes of published releases, newest first: a request each, and three."""
    # In this order: a release that is published meanwhile loses its mark after it is current.
    marked = set(marked_runs(root))
    names = [name for name in (root / releases).folders() if is_release_id(name)]
    with suppress(InputError):  # which those get who ask for the current one
        marked.discard(read_pointer(root)[0].release or "")
    prefixes = [root / releases / name for name in names if name not in marked]
    with ThreadPoolExecutor(16) as pool:
        published = pool.map(lambda prefix: (prefix / MANIFEST).exists(), prefixes)
        return sorted(
            (each for each, is_ in zip(prefixes, published, strict=True) if is_), reverse=True
        )
