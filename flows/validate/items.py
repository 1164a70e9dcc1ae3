"""Lift refused items out of a nested batch, each with one reason."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.validate.reasons import reason
from flows.validate.rules import RULES, Items
from schemas.annotation import ITEM
from schemas.rejections import REJECTIONS


def validate_items(annotations: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """A nested batch -> the same without the items that break a rule, and their rejections.

    Images stay, also those that lose all their items. Exactly one rejection per refused item, for
    the first rule of RULES it breaks. A batch without refused items comes back as it is.
    """
    lists = annotations["items"]
    owner = pc.list_parent_indices(lists)
    values = lists.flatten()
    fields = dict(zip((field.name for field in ITEM), values.flatten(), strict=True))
    items = Items(annotations["dataset"].take(owner), fields)
    broken = np.full(len(items), len(RULES), np.int8)
    for place, rule in reversed(list(enumerate(RULES))):
        broken[rule(items)] = place
    refused = broken < len(RULES)
    if not refused.any():
        return annotations, pa.RecordBatch.from_pylist([], schema=REJECTIONS.schema)

    kept_before = np.zeros(len(items) + 1, np.int32)
    np.cumsum(~refused, out=kept_before[1:])
    offsets = kept_before[lists.offsets.to_numpy() - lists.offsets[0].as_py()]
    kept = pa.ListArray.from_arrays(
        pa.array(offsets), values.filter(pa.array(~refused)), type=lists.type
    )
    columns = [kept if name == "items" else annotations[name] for name in annotations.schema.names]
    accepted = pa.RecordBatch.from_arrays(columns, schema=annotations.schema)
    return accepted, _rejections(annotations, owner.to_numpy(), values, broken)


def _rejections(
    annotations: pa.RecordBatch, owner: np.ndarray, values: pa.StructArray, broken: np.ndarray
) -> pa.RecordBatch:
    """One row per refused item: where it came from, which rule, and the value at fault."""
    rows = []
    for place in np.flatnonzero(broken < len(RULES)).tolist():
        image = {
            name: annotations[name][int(owner[place])].as_py()
            for name in ("dataset", "split", "document", "file_name", "image_id")
        }
        item = values[place].as_py()
        rule = RULES[broken[place]].__name__
        message, excerpt = reason(rule, image["dataset"], item)
        rows.append(
            {
                "dataset": image["dataset"],
                "split": image["split"],
                "file_name": image["document"] or image["file_name"],
                "image_id": image["image_id"],
                "item_no": item["item_no"],
                "rule": rule,
                "message": message,
                "excerpt": excerpt,
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=REJECTIONS.schema)
