"""Compare two evaluations by their details: scores, differences and bootstrap intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.metrics.bootstrap import image_counts, intervals
from flows.metrics.detail_scores import (
    Drawn,
    Scores,
    class_scores,
    point_scores,
    precision_scores,
    retrieval_scores,
)
from flows.pipelines.details import Details, read_details
from flows.pipelines.progress import OnProgress, no_progress
from schemas.categories import CATEGORIES
from schemas.details import CLASS_DETAILS, POINT_DETAILS, PRECISION_DETAILS, RETRIEVAL_DETAILS
from schemas.errors import InputError
from schemas.scores import ALL, COMPARISON
from schemas.table import Table

SCORES_OF = {
    PRECISION_DETAILS.name: precision_scores,
    RETRIEVAL_DETAILS.name: retrieval_scores,
    POINT_DETAILS.name: point_scores,
    CLASS_DETAILS.name: class_scores,
}
"""The function that computes the scores of each table."""

Pair: TypeAlias = tuple[pa.Table, pa.Table]

OUTCOMES = {"missed", "detections", "row", "rank", "outcome", "error", "predicted_id"}
"""The columns that depend on predictions; the others are about the truth."""

SUBSET = ("landmarks", "attribute", "value", "mode")

NAMED_SUBSETS = 3
"""Subsets that a note names; it counts all."""


@dataclass(frozen=True)
class Comparison:
    """Rows of COMPARISON, and notes for people."""

    rows: pa.Table
    notes: tuple[str, ...]


def compare(
    path_a: Path,
    path_b: Path,
    *,
    samples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
    on_progress: OnProgress = no_progress,
) -> Comparison:
    """Compare the scores of two files of details.

    Each sample draws images of the truth with replacement, the same for both files; the interval is
    that of the differences between its quantiles. Raises InputError for files that cannot be read,
    and for files about different tasks, splits or truths.
    """
    if not 0 < confidence < 1:
        raise InputError(f"--confidence {confidence} is not between 0 and 1")
    a, b = read_details(path_a), read_details(path_b)
    for name in ("task", "dataset", "split"):
        values = getattr(a.origin, name), getattr(b.origin, name)
        if values[0] != values[1]:
            raise InputError(
                f"A and B are not comparable: the {name} is {values[0]} in A, {values[1]} in B"
            )
    if a.table is not b.table:
        raise InputError(f"A and B are not comparable: {a.table.name} and {b.table.name}")
    pairs, notes = _shared(a, b)
    _require_same_truth(a.table, pairs)
    image_ids = np.unique(np.concatenate([rows["image_id"] for pair in pairs for rows in pair]))
    drawn = Drawn(image_ids, image_counts(len(image_ids), samples, seed))
    names = {category.category_id: category.name for category in CATEGORIES[a.origin.dataset]}
    compared: list[dict[str, Any]] = []
    for done, pair in enumerate(pairs):
        on_progress("compare", done, len(pairs))
        scores_a, scores_b = (SCORES_OF[a.table.name](rows, drawn, names) for rows in pair)
        compared += _rows(scores_a, scores_b, confidence)
    on_progress("compare", len(pairs), len(pairs))
    return Comparison(pa.Table.from_pylist(compared, COMPARISON), tuple(notes))


def _shared(a: Details, b: Details) -> tuple[list[Pair], list[str]]:
    """The rows of A and B to compare, a pair for each subset, and notes on what is left out."""
    order = [(name, "ascending") for name in a.table.key]
    rows_a, rows_b = (details.rows.sort_by(order) for details in (a, b))
    if a.table is PRECISION_DETAILS:
        return _shared_subsets(rows_a, rows_b)
    if a.table is RETRIEVAL_DETAILS:
        return [(rows_a, rows_b)], []
    if a.table is CLASS_DETAILS:
        rows_a, rows_b = (
            rows.filter(pc.field("predicted_id").is_valid()) for rows in (rows_a, rows_b)
        )
    images_a, images_b = (set(rows["image_id"].to_pylist()) for rows in (rows_a, rows_b))
    both = images_a & images_b
    rows_a, rows_b = (rows.filter(pc.field("image_id").isin(both)) for rows in (rows_a, rows_b))
    note = (
        f"{len(images_a ^ images_b):,} images are scored in one of the files only: compared are "
        f"the {len(both):,} images of both"
    )
    return [(rows_a, rows_b)], [note] if images_a ^ images_b else []


def _shared_subsets(rows_a: pa.Table, rows_b: pa.Table) -> tuple[list[Pair], list[str]]:
    keys_a, keys_b = (
        {tuple(row.values()) for row in rows.group_by(SUBSET).aggregate([]).to_pylist()}
        for rows in (rows_a, rows_b)
    )
    pairs = [
        (_of_subset(rows_a, key), _of_subset(rows_b, key))
        # Without a selection first.
        for key in sorted(keys_a & keys_b, key=lambda key: (key[1] != ALL, *map(str, key)))
    ]
    absent = {"A": keys_b - keys_a, "B": keys_a - keys_b}
    return pairs, [_absence(name, keys) for name, keys in absent.items() if keys]


def _absence(name: str, keys: set[tuple[str | None, ...]]) -> str:
    """A note on the subsets that a file lacks: how many, and the names of the first few."""
    subsets = sorted(" ".join(word for word in key if word) for key in keys)
    names = ", ".join(subsets[:NAMED_SUBSETS])
    more = f" and {len(subsets) - NAMED_SUBSETS} more" if len(subsets) > NAMED_SUBSETS else ""
    count = "1 subset" if len(subsets) == 1 else f"{len(subsets)} subsets"
    return f"{name} has no details of {count}: {names}{more}; not compared"


def _of_subset(rows: pa.Table, key: tuple[str | None, ...]) -> pa.Table:
    masks = (
        pc.is_null(rows[name]) if value is None else pc.equal(rows[name], value)
        for name, value in zip(SUBSET, key, strict=True)
    )
    return rows.filter(reduce(pc.and_kleene, masks))


def _require_same_truth(table: Table, pairs: Sequence[Pair]) -> None:
    """InputError unless the columns about the truth are equal where items count."""
    columns = [name for name in table.schema.names if name not in OUTCOMES]
    for pair in pairs:
        truths = [rows.select(columns) for rows in pair]
        if table is PRECISION_DETAILS:
            truths = [truth.filter(pc.field("truths") > 0) for truth in truths]
        if not truths[0].equals(truths[1]):
            rows = zip_longest(*(truth.to_pylist() for truth in truths))
            first = next(row_a or row_b for row_a, row_b in rows if row_a != row_b)
            row = ", ".join(f"{name} {first[name]}" for name in columns if first[name] is not None)
            raise InputError(f"A and B have different truths, first at {row}")
    if not any(len(rows) for pair in pairs for rows in pair):
        raise InputError("A and B have no rows in common")


def _rows(scores_a: Scores, scores_b: Scores, confidence: float) -> Iterator[dict[str, Any]]:
    """Rows of COMPARISON for the same scores of A and B."""
    differences = np.stack([scores_b[score].values - scores_a[score].values for score in scores_a])
    # Equal means can differ in their last bits, and 0 is to be 0.
    differences = np.round(differences, 12) + 0.0
    limits = intervals(differences[:, 1:].T, confidence)
    for score, difference, (low, high) in zip(scores_a, differences[:, 0], limits.T, strict=True):
        a, b = scores_a[score], scores_b[score]
        numbers = {
            "score_a": a.values[0],
            "score_b": b.values[0],
            "difference": difference,
            "low": low,
            "high": high,
        }
        yield {
            **score._asdict(),
            **{name: None if np.isnan(value) else float(value) for name, value in numbers.items()},
            "differs": None if np.isnan(low) else bool(low > 0 or high < 0),
            "images": np.count_nonzero(a.images | b.images),
        }
