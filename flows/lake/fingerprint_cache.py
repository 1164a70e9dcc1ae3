"""Cache of fingerprints for files that were touched but not changed: `seen.json` of a lake.

In: fingerprints and listings of a run that published nothing. Out: the current release with them,
to plan the next run on. A published manifest never changes; without the cache every later run
would rebuild touched parts again. Losing the file costs only that.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flows.lake.ownership import SEEN
from flows.release.manifest import PartRecord
from flows.release.release import Release
from flows.storage.atomic import atomic_write

LISTING = "listing"
"""The one input that changes with every touched file: a hash of the source as it was listed."""


class _Seen(msgspec.Struct, frozen=True):
    release: str
    fingerprints: dict[str, str]
    listings: dict[str, Any]


def save_fingerprints(
    root: Path,
    release: str,
    parts: Mapping[str, PartRecord],
    inputs: Mapping[str, Mapping[str, Any]],
) -> None:
    """Save the fingerprints that the parts of a release have now, and its sources' listings."""
    fingerprints = {name: part.fingerprint for name, part in parts.items()}
    listings = {name: facts[LISTING] for name, facts in inputs.items() if LISTING in facts}
    with atomic_write(root / SEEN) as file:
        file.write(msgspec.json.encode(_Seen(release, fingerprints, listings)))


def with_cached_fingerprints(root: Path, release: Release) -> Release:
    """The release with the fingerprints and listings of the cache, if the cache is of this one."""
    try:
        seen = msgspec.json.decode((root / SEEN).read_bytes(), type=_Seen)
    except (OSError, msgspec.DecodeError):
        return release
    if seen.release != release.id:
        return release
    replace = msgspec.structs.replace
    parts = {
        name: replace(part, fingerprint=seen.fingerprints.get(name, part.fingerprint))
        for name, part in release.manifest.parts.items()
    }
    inputs = {
        name: {**facts, LISTING: seen.listings[name]} if name in seen.listings else facts
        for name, facts in release.manifest.inputs.items()
    }
    return Release(release.path, replace(release.manifest, parts=parts, inputs=inputs))
