"""The score table: what `wardrobe evaluate` writes, the same columns for every task.

A score is one number: a metric of a task over a split, or over the part of it that `attribute`,
`value` and `category` select. The columns from `dataset` to `missing` say what was scored and how,
the last three with what.
"""

import pyarrow as pa

from schemas.table import Column, column, dataset_column, optional, split_column
from schemas.tasks import TASKS

MODES = ("ignored", "removed")
"""What happens to items outside a subset: detections that match them do not count, or these items
are not in the truth at all, so that such detections are false positives."""

ALL = "all"
"""The attribute, value or category of a score over everything."""

RANKS = (1, 5, 10, 15, 20)
"""The ranks k of the retrieval scores `top-k`."""

TASK_COLUMNS: tuple[Column, ...] = (
    column("metric", "string", "What is measured: `AP50`, `top-20`, `NE`, `accuracy`, ..."),
    column("attribute", "string", "The attribute that selects items or points; else `all`."),
    column("value", "string", "Its value for what is scored; `all` where nothing is selected."),
    optional(
        "mode",
        "string",
        "For average precision of a subset: items outside it are `ignored` or `removed`.",
        words=MODES,
    ),
    column("category", "string", "Name of the category; `all` where nothing is selected."),
    optional("score", "float64", "The score; null where there is nothing to take a mean over."),
    column("count", "int64", "Items, queries, points or images that the score is a mean over."),
    column("skipped", "int64", "Those (for `NE`: images) that the rule of the metric leaves out."),
    column("missing", "int64", "Images with annotations, but without any prediction."),
)
"""What a task fills in."""

SCORES = pa.schema(
    column.field
    for column in (
        dataset_column(),
        split_column("The split that the predictions are for."),
        column("task", "string", "The task of the predictions.", words=TASKS),
        *TASK_COLUMNS,
        column("release", "string", "The release that has the truth."),
        column("predictions_sha256", "string", "Of the prediction files, in the order given."),
        column("kernel", "string", "What computed the score: a library with version, or `sql`."),
    )
)
"""The columns of the score table."""

TASK_SCORES = pa.schema(column.field for column in TASK_COLUMNS)

COMPARISON = pa.schema(
    column.field
    for column in (
        *TASK_COLUMNS[:5],
        optional("score_a", "float64", "The score of A; null where it is not defined."),
        optional("score_b", "float64", "The score of B; null where it is not defined."),
        optional("difference", "float64", "That of B minus that of A."),
        optional("low", "float64", "Lower end of the bootstrap interval of the difference."),
        optional("high", "float64", "Upper end of the interval."),
        optional("differs", "bool", "Whether 0 is outside the interval."),
        column("images", "int64", "Images with something that the score is a mean over."),
    )
)
"""The columns of the comparison of two evaluations."""
