"""The worst rows of details: what a person looks at first. Tables of schemas/details.py in.

Rows out are in a fixed order: the same details give the same rows, whatever their order.
"""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.details import RETRIEVAL_OUTCOMES
from schemas.scores import ALL

Row = dict[str, Any]


def whole_split(details: pa.Table) -> pa.Table:
    """The rows of PRECISION_DETAILS over all items; of landmarks those that count most points."""
    rows = details.filter(pc.equal(details["attribute"], ALL))
    words = sorted(rows["landmarks"].unique().drop_null().to_pylist())
    return rows.filter(pc.equal(rows["landmarks"], words[-1])) if words else rows


def missed_items(details: pa.Table) -> pa.Table:
    """`image_id` and `item_no` of the items without a match at 0.50."""
    missed = details["missed"].combine_chunks()
    images = details["image_id"].take(pc.list_parent_indices(missed))
    return pa.table({"image_id": images, "item_no": missed.flatten()})


def false_positives(details: pa.Table, most: int) -> list[Row]:
    """`row`, `image_id`, `category_id` and `score` of wrong detections, the surest first.

    Wrong are those that count at 0.50 and match no item there.
    """
    lists = details["detections"].combine_chunks()
    owners = pc.list_parent_indices(lists)
    detections = lists.flatten()
    bits = pc.bit_wise_or(detections.field("found"), detections.field("ignored"))
    is_wrong = pc.equal(pc.bit_wise_and(bits, pa.scalar(1, pa.uint16())), 0)
    rows = pa.table(
        {
            "row": detections.field("row"),
            "image_id": details["image_id"].take(owners),
            "category_id": details["category_id"].take(owners),
            "score": detections.field("score"),
        }
    )
    order = [("score", "descending"), ("row", "ascending")]
    return rows.filter(is_wrong).sort_by(order).slice(0, most).to_pylist()


def largest_errors(details: pa.Table, most: int) -> list[Row]:
    """`image_id`, `category_id`, `error` (mean over its points) and `points`, the largest first.

    Rows of POINT_DETAILS in.
    """
    keys = ["image_id", "category_id"]
    means = details.group_by(keys, use_threads=False).aggregate(
        [("error", "mean"), ("error", "count")]
    )
    means = means.rename_columns([*keys, "error", "points"])
    order = [("error", "descending"), ("image_id", "ascending")]
    return means.sort_by(order).slice(0, most).to_pylist()


def worst_queries(details: pa.Table, most: int) -> list[Row]:
    """Rows of RETRIEVAL_DETAILS: as many of each reason to miss, then the hits of highest rank."""
    by_outcome: list[list[Row]] = []
    for outcome in (*reversed(RETRIEVAL_OUTCOMES[1:]), RETRIEVAL_OUTCOMES[0]):
        rows = details.filter(pc.equal(details["outcome"], outcome))
        order = [("rank", "descending"), ("image_id", "ascending"), ("item_no", "ascending")]
        by_outcome.append(rows.sort_by(order).slice(0, most).to_pylist())
    *missed, hits = by_outcome
    turns = [rows[turn] for turn in range(most) for rows in missed if turn < len(rows)]
    return [*turns, *(row for row in hits if (row["rank"] or 0) > 1)][:most]


def confusion(details: pa.Table, names: dict[int, str], none: str) -> list[Row]:
    """Images by `category` and `predicted`, both in the order of `names`; absent pairs are 0.

    Rows of CLASS_DETAILS in; `none` is the word for images without a prediction, if there are any.
    """
    pairs = zip(
        details["category_id"].to_pylist(), details["predicted_id"].to_pylist(), strict=True
    )
    counts = Counter(pairs)
    columns: list[tuple[int | None, str]] = [*names.items()]
    if details["predicted_id"].null_count:
        columns.append((None, none))
    return [
        {"category": name, "predicted": other, "images": counts[number, guess]}
        for number, name in names.items()
        for guess, other in columns
    ]
