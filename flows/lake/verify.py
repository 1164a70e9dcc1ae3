"""A release against its own manifest: every file there, unchanged, and saying what it should."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from flows.release.manifest import MANIFEST, FileRecord, Manifest, content_hash
from flows.release.release import Release
from schemas import TABLES
from schemas.table import SCHEMA_VERSION


class Problem(NamedTuple):
    """What is wrong with one file of a release, in words that follow its path."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def verify(release: Release, *, threads: int | None = None) -> list[Problem]:
    """Compare every byte, row count, schema and footer of a release with its manifest.

    An empty list: all is as it was published. Raises InputError when the manifest itself cannot
    be read, because then there is nothing to compare with.
    """
    manifest = release.manifest
    problems = list(_manifest_problems(release, manifest))
    recorded = {file.path for file in manifest.files}
    for place, _, names in os.walk(release.path):
        for name in names:
            path = (Path(place) / name).relative_to(release.path).as_posix()
            if path not in recorded and path != MANIFEST:
                problems.append(Problem(path, "is not in the manifest"))

    def look(record: FileRecord) -> list[Problem]:
        return list(_file_problems(release, manifest, record))

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for found in pool.map(look, manifest.files):
            problems += found
    return sorted(problems)


def _manifest_problems(release: Release, manifest: Manifest) -> Iterator[Problem]:
    if manifest.release != release.id:
        yield Problem(MANIFEST, f"names another release, {manifest.release}")
    if (content := content_hash(manifest.files)) != manifest.content:
        yield Problem(MANIFEST, f"lists files with content {content}, not {manifest.content}")
    for name, part in manifest.parts.items():
        rows: dict[str, int] = {}
        for file in manifest.of_parts([name]):
            rows[file.table] = rows.get(file.table, 0) + file.rows
        for what, table in (("documents", "images"), ("items", "items")):
            read, refused = part.counts.get(f"{what}_read"), part.counts.get(f"{what}_refused", 0)
            if read is not None and read != rows.get(table, 0) + refused:
                yield Problem(
                    MANIFEST,
                    f"counts {read} {what} read in part {name}, "
                    f"but {rows.get(table, 0)} rows of {table} and {refused} refused",
                )


def _file_problems(release: Release, manifest: Manifest, record: FileRecord) -> Iterator[Problem]:
    path = release.path / record.path
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        yield Problem(record.path, "is missing")
        return
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        yield Problem(record.path, f"cannot be read ({reason})")
        return
    if digest != record.sha256:
        size = path.stat().st_size
        how = "has other bytes" if size == record.bytes else f"has {size} bytes, not {record.bytes}"
        yield Problem(record.path, f"{how} than were published (sha256 {digest[:16]}...)")
    try:
        footer = pq.ParquetFile(path)
        with footer:
            rows, schema = footer.metadata.num_rows, footer.schema_arrow
    # Damaged footers fail in many ways: names that are not UTF-8, lengths that no memory holds.
    except Exception as error:
        yield Problem(record.path, f"is not readable as Parquet ({' '.join(str(error).split())})")
        return
    if rows != record.rows:
        yield Problem(record.path, f"has {rows} rows, not {record.rows}")
    yield from _footer_problems(manifest, record, schema)


def _footer_problems(
    manifest: Manifest, record: FileRecord, schema: pa.Schema
) -> Iterator[Problem]:
    said = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (schema.metadata or {}).items()
    }
    steps = [step.split("=", 1) for step in record.path.split("/") if "=" in step]
    expected = {**dict(steps), "table": record.table}
    for word, value in expected.items():
        if said.get(word) != value:
            yield Problem(
                record.path, f"says {word} {said.get(word)!r} in its footer, not {value!r}"
            )
    if manifest.versions.get("schema") != str(SCHEMA_VERSION) or record.table not in TABLES:
        return
    declared = TABLES[record.table].file_schema
    if not schema.equals(declared):
        wrong = {field.name for field in schema} ^ set(declared.names) or {
            name for name in declared.names if not schema.field(name).equals(declared.field(name))
        }
        yield Problem(record.path, f"has other columns than declared: {', '.join(sorted(wrong))}")
