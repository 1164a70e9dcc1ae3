"""Damage of a release after a failed read: releases come in, one sentence with the file goes out.

A damaged file shows in many ways, from an error of DuckDB that names no file to a value that the
vocabulary does not have. Readers therefore check nothing beforehand; after a failure, whatever it
was, the releases that were read are compared with their manifests.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.release.manifest import FileRecord
from flows.release.release import Release
from flows.release.resolve import all_releases
from flows.release.verify import Problem, verify
from flows.storage.objects import ObjectPath
from flows.storage.place import Place, parse_place
from schemas.errors import InputError


@contextmanager
def require_readable(path: Place) -> Iterator[None]:
    """Whatever reading a damaged file or folder of a release raises, as an InputError."""
    try:
        yield
    except InputError:
        raise
    # Flipped bytes fail in many ways: in Arrow, as names that are not UTF-8, as missing columns.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read ({reason}): it is damaged or missing; `wardrobe verify` lists "
            "the damage of a release."
        ) from error


def is_inside(path: str | Place, releases: Iterable[Release]) -> bool:
    """Whether a place is in one of these releases."""
    place = parse_place(path).absolute()
    return any(place.is_relative_to(str(release.path)) for release in releases)


def require_files(release: Release, records: Iterable[FileRecord]) -> None:
    """Raise InputError unless these files of a release exist with their sizes. Reads no file."""
    if isinstance(release.path, ObjectPath):
        problems = list(_object_problems(release.path, records))
    else:
        problems = list(_file_problems(release.path, records))
    if problems:
        raise InputError(_sentence(release, problems))


def _object_problems(prefix: ObjectPath, records: Iterable[FileRecord]) -> Iterator[Problem]:
    """What one listing shows."""
    listed = prefix.objects()
    sizes = dict(zip(listed["name"].to_pylist(), listed["size"].to_pylist(), strict=True))
    for record in records:
        if (size := sizes.get(record.path)) is None:
            yield Problem(record.path, "is missing")
        elif size != record.bytes:
            yield Problem(record.path, f"has {size} bytes, not {record.bytes}")


def _file_problems(folder: Path, records: Iterable[FileRecord]) -> Iterator[Problem]:
    for record in records:
        try:
            size = (folder / record.path).stat().st_size
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            yield Problem(record.path, "is missing" if missing else f"cannot be read ({error})")
            continue
        if size != record.bytes:
            yield Problem(record.path, f"has {size} bytes, not {record.bytes}")


def describe_damage(releases: Iterable[Release]) -> str | None:
    """The first damage in these releases as a sentence with advice; None when they are whole.

    Reads every file of them: seconds for a gigabyte, and only after a failure. On object storage
    it takes the listing for enough, because stores check the bytes themselves.
    """
    for release in releases:
        try:
            if isinstance(release.path, ObjectPath):
                problems = list(_object_problems(release.path, release.manifest.files))
            else:
                problems = verify(release)
        except InputError as error:  # its manifest was damaged meanwhile
            return str(error)
        if problems:
            return _sentence(release, problems)
    return None


def _sentence(release: Release, problems: list[Problem]) -> str:
    first, damaged = problems[0], {problem.path for problem in problems}
    more = len(damaged) - 1
    others = f" and {more} more file{'s' * (more > 1)} of the release" if more else ""
    return (
        f"{release.path / first.path} {first.what}{others}: `wardrobe verify {release.id}` "
        f"lists the damage, {_advice(release, damaged)}."
    )


def _advice(release: Release, damaged: set[str]) -> str:
    """The newest other release without this damage, or what else can be done."""

    def records(other: Release) -> list[FileRecord]:
        return [file for file in other.manifest.files if file.path in damaged]

    own = set(records(release))

    def is_damaged(other: Release, record: FileRecord) -> bool:
        # Equal records share one file on the disk: its bytes, not its presence in a folder.
        is_local = isinstance(release.path, Path)
        shared = is_local and record in own and (release.path / record.path).exists()
        return shared or not (other.path / record.path).exists()

    for other in all_releases(release.path.parent.parent):
        usable = other.id != release.id and other.is_readable()
        if usable and not any(is_damaged(other, record) for record in records(other)):
            return f"`wardrobe rollback {other.id}` makes a release without it current"
    return "and no other release is without it: restore it from a backup, or ingest into a new lake"
