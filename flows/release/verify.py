"""A release compared with its own manifest: every file present, unchanged, and as declared."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from flows.release.manifest import MANIFEST, FileRecord, Manifest, content_hash, count_problems
from flows.release.release import Release
from flows.release.release_file import ReleaseFile
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from schemas import TABLES
from schemas.table import SCHEMA_VERSION

PIECE = 8 << 20
"""Bytes of a file that are read at once."""


class Problem(NamedTuple):
    """What is wrong with one file of a release, in words that follow its path."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def verify(release: Release) -> list[Problem]:
    """Compare every byte, row count, schema and footer of a release with its manifest.

    An empty list: all is as it was published. Raises InputError when the manifest itself cannot
    be read, because then there is nothing to compare with.
    """
    manifest = release.manifest
    places = _files_of(release.path)

    def file_problems(record: FileRecord) -> list[Problem]:
        place = places.get(record.path, release.path / record.path)
        return list(_file_problems(place, record, manifest))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_file = pool.map(file_problems, manifest.files)
        problems = [*_manifest_problems(release, places), *chain.from_iterable(by_file)]
    return sorted(problems)


def has_recorded_bytes(release: Release, record: FileRecord) -> bool:
    """Whether a file can be read and has the hash that the manifest records."""
    digest = hashlib.sha256()
    try:
        with closing(ReleaseFile(record.path, release.place(record))) as file:
            while data := file.read(PIECE):
                digest.update(data)
    except OSError:
        return False
    return digest.hexdigest() == record.sha256


def _manifest_problems(release: Release, places: Collection[str]) -> Iterator[Problem]:
    manifest = release.manifest
    if manifest.release != release.id:
        yield Problem(MANIFEST, f"names another release, {manifest.release}")
    if (content := content_hash(manifest.files)) != manifest.content:
        yield Problem(MANIFEST, f"lists files with content {content}, not {manifest.content}")
    by_part: dict[str | None, list[FileRecord]] = defaultdict(list)
    for file in manifest.files:
        by_part[file.part].append(file)
    for name, part in manifest.parts.items():
        for problem in count_problems(part.counts, by_part[name]):
            yield Problem(MANIFEST, f"counts {problem} (part {name})")
    recorded = {MANIFEST, *(file.path for file in manifest.files)}
    yield from (Problem(path, "is not in the manifest") for path in places if path not in recorded)


def _files_of(folder: Place) -> dict[str, Place]:
    """The files below a release, by the names that manifests give them; objects with their size."""
    if isinstance(folder, ObjectPath):
        listed = folder.objects()
        sizes = zip(listed["name"].to_pylist(), listed["size"].to_pylist(), strict=True)
        return {name: (folder / name).with_size(size) for name, size in sizes}
    paths = [Path(parent) / name for parent, _, names in os.walk(folder) for name in names]
    return {path.relative_to(folder).as_posix(): path for path in paths}


def _file_problems(place: Place, record: FileRecord, manifest: Manifest) -> Iterator[Problem]:
    try:
        with closing(ReleaseFile(record.path, place)) as file:
            yield from _content_problems(file, record, manifest)
    except FileNotFoundError:
        yield Problem(record.path, "is missing")
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        yield Problem(record.path, f"cannot be read ({reason})")


def _content_problems(
    file: ReleaseFile, record: FileRecord, manifest: Manifest
) -> Iterator[Problem]:
    digest, size = hashlib.sha256(), 0
    while data := file.read(PIECE):
        digest.update(data)
        size += len(data)
    if (sha256 := digest.hexdigest()) != record.sha256:
        how = "has other bytes" if size == record.bytes else f"has {size} bytes, not {record.bytes}"
        yield Problem(record.path, f"{how} than were published (sha256 {sha256[:16]}...)")
    import pyarrow.parquet as pq  # here: only the verification reads footers

    try:
        with pq.ParquetFile(file) as parquet:
            rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
    # Damaged footers fail in many ways: names that are not UTF-8, lengths that no memory holds.
    except Exception as error:
        yield Problem(record.path, f"is not readable as Parquet ({' '.join(str(error).split())})")
        return
    if rows != record.rows:
        yield Problem(record.path, f"has {rows} rows, not {record.rows}")
    for problem in _footer_problems(record, schema, manifest.versions.get("schema")):
        yield Problem(record.path, problem)


def _footer_problems(record: FileRecord, schema: pa.Schema, version: str | None) -> Iterator[str]:
    metadata = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (schema.metadata or {}).items()
    }
    partition = (step.split("=", 1) for step in record.path.split("/") if "=" in step)
    for key, value in {**dict(partition), "table": record.table}.items():
        if metadata.get(key) != value:
            yield f"has {key} {metadata.get(key)!r} in its footer, not {value!r}"
    if version != str(SCHEMA_VERSION) or record.table not in TABLES:
        return
    declared = TABLES[record.table].file_schema
    if not schema.equals(declared):
        wrong = {field.name for field in schema} ^ set(declared.names) or {
            name for name in declared.names if not schema.field(name).equals(declared.field(name))
        }
        yield f"has other columns than declared: {', '.join(sorted(wrong))}"
