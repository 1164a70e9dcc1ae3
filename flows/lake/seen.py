"""Fingerprints learnt since the current release was published, where its content stayed the same.

Touched files (other times, same bytes) are rebuilt once, found equal, and no release is made of it.
A published manifest never changes, so the new fingerprints are kept beside it in `seen.json`;
without them every later run would rebuild the same parts again. Losing the file costs only that.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from flows.lake.manifest import PartRecord
from flows.lake.release import Release
from flows.storage.atomic import write_whole

SEEN = "seen.json"


class _Seen(msgspec.Struct, frozen=True):
    release: str
    fingerprints: dict[str, str]


def remember(root: Path, release: str, parts: Mapping[str, PartRecord]) -> None:
    """Note the fingerprints that the parts of a release have now."""
    fingerprints = {name: part.fingerprint for name, part in parts.items()}
    with write_whole(root / SEEN) as file:
        file.write(msgspec.json.encode(_Seen(release, fingerprints)))


def with_seen(root: Path, release: Release) -> Release:
    """The release with the fingerprints its parts have by now, to plan the next one on."""
    try:
        seen = msgspec.json.decode((root / SEEN).read_bytes(), type=_Seen)
    except (OSError, msgspec.DecodeError):
        return release
    if seen.release != release.id:
        return release
    parts = {
        name: msgspec.structs.replace(
            part, fingerprint=seen.fingerprints.get(name, part.fingerprint)
        )
        for name, part in release.manifest.parts.items()
    }
    return Release(release.path, msgspec.structs.replace(release.manifest, parts=parts))
