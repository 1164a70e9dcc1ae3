"""What a release changed against its parent, in a sentence and in numbers, and what made it."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flows.lake.fingerprint_cache import LISTING
from flows.release.manifest import Changes, FileRecord, Manifest, PartRecord, table_order
from schemas import TABLES
from schemas.table import SCHEMA_VERSION


def changed_settings(
    parent: Manifest, parameters: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What of parameters and inputs differs from the parent's, listings apart: `deepfashion2 kind`.

    A listing changes with every touched file and makes no release.
    """
    found = _differing(parent.parameters, parameters)
    for dataset in sorted(inputs.keys() | parent.inputs.keys()):
        before, after = parent.inputs.get(dataset, {}), inputs.get(dataset, {})
        found += [f"{dataset} {key}" for key in _differing(before, after) if key != LISTING]
    return found


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    absent = object()
    keys = sorted(before.keys() | after.keys())
    return [key for key in keys if before.get(key, absent) != after.get(key, absent)]


def describe_changes(
    parent: Manifest | None,
    parts: Mapping[str, PartRecord],
    files: Iterable[FileRecord],
    settings: Iterable[str] = (),
) -> Changes:
    """Compare by file hashes: a part that was rebuilt and came out equal did not change.

    `settings` names what else differs, for a release in which nothing but that does.
    """
    files = list(files)
    if parent is None:
        return Changes(
            sentence=f"first release: {_count(parts, 'part')}, {_rows(_delta([], files))}",
            rebuilt=len(parts),
            rows=_delta([], files),
        )
    before = {file.path: file.sha256 for file in parent.files}
    rebuilt = {file.part for file in files if file.part and before.get(file.path) != file.sha256}
    dropped = sorted(set(parent.parts) - set(parts))
    rows = _delta(parent.files, files)
    said = []
    if rebuilt:
        said.append(f"{len(rebuilt)} of {_count(parts, 'part')} rebuilt")
    if dropped:
        said.append(f"{_count(dropped, 'part')} dropped")
    now = {file.path: file.sha256 for file in files}
    other = [path for path in {*now, *before} if now.get(path) != before.get(path)]
    if other and not said:
        said.append("tables derived anew")
    said.append(_rows(rows) if rows else "row counts as before")
    return Changes(
        sentence=": ".join([", ".join(said[:-1]) or _settings_only(settings), said[-1]]),
        rebuilt=len(rebuilt),
        linked=len(set(parts) - rebuilt),
        dropped=len(dropped),
        rows=rows,
    )


def _settings_only(settings: Iterable[str]) -> str:
    named = ", ".join(settings)
    return f"settings only ({named})" if named else "settings only"


def _count(things: Mapping[str, object] | list[str], noun: str) -> str:
    return f"{len(things)} {noun}" + ("" if len(things) == 1 else "s")


def _delta(before: list[FileRecord], after: list[FileRecord]) -> dict[str, int]:
    """Rows more or fewer per table with splits; tables without a difference are left out."""
    total: dict[str, int] = {}
    for sign, files in ((-1, before), (1, after)):
        for file in files:
            if file.table in TABLES and TABLES[file.table].partition_by:
                total[file.table] = total.get(file.table, 0) + sign * file.rows
    return {table: total[table] for table in sorted(total, key=table_order) if total[table]}


def _rows(delta: Mapping[str, int]) -> str:
    return ", ".join(f"{table} {rows:+,}" for table, rows in delta.items()) or "no rows"


def versions() -> dict[str, str]:
    """Versions a release records: the schema, this program and the libraries that write bytes."""
    found = {"schema": str(SCHEMA_VERSION)}
    for word, name in (
        ("wardrobe", "wardrobe-lake"),
        ("pyarrow", "pyarrow"),
        ("duckdb", "duckdb"),
    ):
        try:
            found[word] = version(name)
        except PackageNotFoundError:  # run from a folder that was never installed
            found[word] = "unknown"
    return found
