"""Changes of a release against its parent: two sets of files come in, a sentence and counts out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from importlib.metadata import version
from typing import Any

from flows.lake.fingerprint_cache import KEPT_SPLITS, LISTING
from flows.release.manifest import Changes, FileRecord, Manifest, PartRecord, table_order
from schemas import TABLES
from schemas.table import SCHEMA_VERSION


def changed_settings(
    parent: Manifest, parameters: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The parameters and inputs that differ from the parent's, without what was listed.

    Inputs are named with their data set: `deepfashion2 kind`. A listing changes with every touched
    file and makes no release; nor does a split that is kept.
    """
    changed = _differing(parent.parameters, parameters)
    for dataset in sorted(inputs.keys() | parent.inputs.keys()):
        before, after = parent.inputs.get(dataset, {}), inputs.get(dataset, {})
        changed += [
            f"{dataset} {key}"
            for key in _differing(before, after)
            if key not in (LISTING, KEPT_SPLITS)
        ]
    return changed


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    absent = object()
    keys = sorted(before.keys() | after.keys())
    return [key for key in keys if before.get(key, absent) != after.get(key, absent)]


def describe_changes(
    parent: Manifest | None,
    parts: Mapping[str, PartRecord],
    files: Iterable[FileRecord],
    settings: Iterable[str] = (),
    *,
    restored: bool = False,
) -> Changes:
    """Compare by file hashes: a part that was rebuilt and came out equal did not change.

    `settings` names what else differs, for a release in which only that does; `restored`: derived
    files take the place of damaged ones.
    """
    after = {file.path: file for file in files}
    before = {file.path: file for file in parent.files} if parent else {}
    changed = [
        file
        for path, file in (before | after).items()
        if path not in before or path not in after or file.sha256 != before[path].sha256
    ]
    rebuilt = {file.part for file in changed if file.part in parts}
    dropped = parent.parts.keys() - parts.keys() if parent else set()
    difference = _row_difference(before.values(), after.values())
    rows = ", ".join(f"{table} {count:+,}" for table, count in difference.items())
    if parent is None:
        sentence = f"first release: {_count(parts)}, {rows or 'no rows'}"
    else:
        reasons = [f"{len(rebuilt)} of {_count(parts)} rebuilt"] if rebuilt else []
        reasons += [f"{_count(dropped)} dropped"] if dropped else []
        if not reasons and (changed or restored):
            reasons = ["derived tables rebuilt"]
        elif not reasons:
            names = ", ".join(settings)
            reasons = [f"settings only ({names})" if names else "settings only"]
        sentence = f"{', '.join(reasons)}: {rows or 'row counts as before'}"
    linked = len(parts) - len(rebuilt)
    return Changes(sentence, len(rebuilt), linked, len(dropped), difference)


def _count(parts: Sized) -> str:
    return f"{len(parts)} part{'s' * (len(parts) != 1)}"


def _row_difference(before: Iterable[FileRecord], after: Iterable[FileRecord]) -> dict[str, int]:
    """Rows added or removed per partitioned table; tables with an equal count are left out."""
    totals: Counter[str] = Counter()
    for sign, files in ((-1, before), (1, after)):
        for file in files:
            if file.table in TABLES and TABLES[file.table].partition_by:
                totals[file.table] += sign * file.rows
    return {table: totals[table] for table in sorted(totals, key=table_order) if totals[table]}


def versions() -> dict[str, str]:
    """Versions a release records: the schema, this program and the libraries that write bytes."""
    packages = {"wardrobe": "wardrobe-lake", "pyarrow": "pyarrow", "duckdb": "duckdb"}
    installed = {name: version(package) for name, package in packages.items()}
    return {"schema": str(SCHEMA_VERSION), **installed}
