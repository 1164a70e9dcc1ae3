"""Files of scores that `wardrobe evaluate --output` wrote: the rows by what was scored."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.pipelines.evaluation import Origin
from flows.predictions import opened_parquet
from flows.release import Release
from schemas.errors import InputError
from schemas.scores import SCORES, TASK_COLUMNS
from schemas.tasks import TASKS


def read_scores(paths: Sequence[Path], release: Release) -> dict[Origin, pa.Table]:
    """The rows of files of scores by their origin; rows that are in two files are there once.

    Raises InputError for other files, and for scores of another release.
    """
    scores: dict[Origin, dict[tuple, dict[str, Any]]] = defaultdict(dict)
    keys = [column.field.name for column in TASK_COLUMNS if column.field.type == pa.string()]
    for path in paths:
        for row in _read(path).to_pylist():
            origin = Origin(**{field.name: row[field.name] for field in fields(Origin)})
            rows = scores[of_release(path, origin, release)]
            rows.setdefault(tuple(row[name] for name in keys), row)
    return {
        origin: pa.Table.from_pylist(list(scores[origin].values()), SCORES) for origin in scores
    }


def _read(path: Path) -> pa.Table:
    """The rows. InputError unless they have the columns of SCORES, with a value if required."""
    with opened_parquet(path) as file:
        rows = file.read()
    if sorted(rows.column_names) != sorted(SCORES.names):
        absent = sorted(set(SCORES.names) - set(rows.column_names))
        problem = f"the column {absent[0]} is missing" if absent else "it has other columns too"
        raise InputError(f"{path} is not a file that `wardrobe evaluate --output` wrote: {problem}")
    for field in SCORES:
        if rows.schema.field(field.name).type != field.type:
            kind = rows.schema.field(field.name).type
            raise InputError(f"{path}: {field.name} is of type {kind}, not {field.type}")
        if rows[field.name].null_count and not field.nullable:
            raise InputError(f"{path} is damaged: {field.name} is null")
    return rows


def of_release(path: Path, origin: Origin, release: Release) -> Origin:
    """The origin. InputError unless it is a split of this release."""
    if origin.release != release.id:
        raise InputError(
            f"{path} is about release {origin.release}, the report about {release.id}: give "
            "--release, or evaluate again"
        )
    if origin.task not in TASKS:
        raise InputError(f"{path} is about an unknown task: {origin.task}")
    release.require_split(origin.dataset, origin.split)
    return origin
