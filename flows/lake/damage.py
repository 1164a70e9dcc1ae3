"""Damage of a release, looked for after a failure: which file is not as it was published.

A damaged file shows in many ways, from an error of DuckDB that names no file to a word that no
table allows. Readers therefore check nothing beforehand; after a failure, whatever it was, the
releases read last are compared with their manifests.
"""

from pathlib import Path

from flows.lake.verify import Problem, verify
from flows.release.manifest import MANIFEST, FileRecord
from flows.release.release import READ_LAST, Release, all_releases
from schemas.errors import InputError


def describe_damage() -> str | None:
    """The damage of the releases that this process read last, as a sentence; None if whole.

    Reads every file of them: seconds for a gigabyte, and only after a failure.
    """
    for release in reversed(READ_LAST):
        try:
            problems = verify(release)
        except InputError as error:  # its manifest was damaged meanwhile
            return str(error)
        if problems:
            return _sentence(release, problems)
    return None


def _sentence(release: Release, problems: list[Problem]) -> str:
    first = problems[0]
    more = len({problem.path for problem in problems}) - 1
    others = f" and {more} more file{'s' * (more > 1)} of the release" if more else ""
    return (
        f"{release.path / first.path} {first.what}{others}: `wardrobe verify {release.id}` "
        f"lists the damage, {_advice(release, {problem.path for problem in problems})}."
    )


def _advice(release: Release, paths: set[str]) -> str:
    """The newest other release that shares no damaged file, or what else can be done."""
    damaged = _records(release, paths)
    for other in all_releases(release.path.parents[1]):
        if other.id == release.id:
            continue
        try:
            shares = any(record in damaged for record in _records(other, paths))
        except InputError:
            continue
        if not shares and (other.path / MANIFEST).is_file():
            return f"`wardrobe rollback {other.id}` makes a release without it current"
    return "and no other release is without it: restore it from a backup, or ingest into a new lake"


def _records(release: Release, paths: set[str]) -> list[FileRecord]:
    """What the manifest records of these files; equal records share one file on the disk."""
    return [file for file in release.manifest.files if file.path in paths]


def is_inside(path: str | Path) -> bool:
    """Whether a path lies in one of the releases read last."""
    return any(Path(path).absolute().is_relative_to(one.path) for one in READ_LAST)
