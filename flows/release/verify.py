"""A release compared with its own manifest: every file present, unchanged, and as declared."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from flows.release.manifest import MANIFEST, FileRecord, Manifest, content_hash, count_problems
from flows.release.release import Release
from schemas import TABLES
from schemas.table import SCHEMA_VERSION


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
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_file = pool.map(
            lambda record: list(_file_problems(release.path, record, manifest)), manifest.files
        )
        return sorted([*_manifest_problems(release), *chain.from_iterable(by_file)])


def _manifest_problems(release: Release) -> Iterator[Problem]:
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
    for folder, _, names in os.walk(release.path):
        paths = {(Path(folder) / name).relative_to(release.path).as_posix() for name in names}
        yield from (Problem(path, "is not in the manifest") for path in paths - recorded)


def _file_problems(folder: Path, record: FileRecord, manifest: Manifest) -> Iterator[Problem]:
    path = folder / record.path
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        yield Problem(record.path, "is missing")
        return
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        yield Problem(record.path, f"cannot be read ({reason})")
        return
    if digest != record.sha256:
        how = "has other bytes" if size == record.bytes else f"has {size} bytes, not {record.bytes}"
        yield Problem(record.path, f"{how} than were published (sha256 {digest[:16]}...)")
    try:
        with pq.ParquetFile(path) as parquet:
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
