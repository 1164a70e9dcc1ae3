"""Cache of fingerprints for files that were touched but not changed: `seen.json` of a lake.

In: fingerprints and listings of a run that published nothing. Out: the current release with them,
to plan the next run on. A published manifest never changes; without the cache every later run
would rebuild touched parts again. Losing the file costs only that.
"""

from typing import Any

import msgspec

from flows.lake.ownership import SEEN
from flows.release.manifest import JSON_ERRORS, PartRecord
from flows.release.release import Release
from flows.storage.place import Place, write_whole

LISTING = "listing"
"""A hash of the source as it was listed, which changes with every touched file."""

KEPT_SPLITS = "kept_splits"
"""Splits that the source no longer had when it was listed, and that the lake keeps."""


class _Seen(msgspec.Struct, frozen=True):
    release: str
    parts: dict[str, PartRecord]
    inputs: dict[str, dict[str, Any]]


def save_fingerprints(
    root: Place, release: str, parts: dict[str, PartRecord], inputs: dict[str, dict[str, Any]]
) -> None:
    """Save the parts of a release with their present fingerprints, and its sources' records."""
    write_whole(root / SEEN, msgspec.json.encode(_Seen(release, parts, inputs)))


def with_cached_fingerprints(root: Place, release: Release) -> Release:
    """The release with the fingerprints and listings of the cache, if the cache is of this one."""
    try:
        seen = msgspec.json.decode((root / SEEN).read_bytes(), type=_Seen)
    except (OSError, *JSON_ERRORS):
        return release
    if seen.release != release.id:
        return release
    manifest = msgspec.structs.replace(release.manifest, parts=seen.parts, inputs=seen.inputs)
    return Release(release.path, manifest)
