"""Item validation: removes rejected items from a nested batch, each with one reason."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.validate.rules import RULES
from schemas.annotation import ITEM
from schemas.rejections import MAX_EXCERPT, REJECTIONS


def validate_items(annotations: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """A nested batch -> the same without the items that break a rule, and their rejections.

    Images stay, also those that lose all their items. A rejected item has exactly one rejection,
    for the first rule of RULES it breaks. A batch without rejected items is returned unchanged.
    """
    lists = annotations["items"]
    owner = pc.list_parent_indices(lists)
    values = lists.flatten()
    fields = dict(zip((field.name for field in ITEM), values.flatten(), strict=True))
    dataset = annotations["dataset"].take(owner)
    items = pa.RecordBatch.from_pydict({"dataset": dataset, **fields})
    broken = np.full(len(items), len(RULES), np.int8)
    for index, rule in reversed(list(enumerate(RULES))):
        broken[rule.mask(items)] = index
    rejections = _rejections(annotations, owner.to_numpy(), values, broken)
    is_valid = broken == len(RULES)
    if is_valid.all():
        return annotations, rejections

    valid_before = np.concatenate([[0], np.cumsum(is_valid, dtype=np.int32)])
    offsets = valid_before[lists.offsets.to_numpy() - lists.offsets[0].as_py()]
    valid_lists = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), values.filter(pa.array(is_valid)), type=lists.type
    )
    index = annotations.schema.get_field_index("items")
    valid = annotations.set_column(index, annotations.schema.field(index), valid_lists)
    return valid, rejections


def _rejections(
    annotations: pa.RecordBatch, owner: np.ndarray, values: pa.StructArray, broken: np.ndarray
) -> pa.RecordBatch:
    """One row per rejected item: its image, the rule, and the value at fault."""
    rows = []
    for index in np.flatnonzero(broken < len(RULES)).tolist():
        names = ("dataset", "split", "image_id", "file_name", "document")
        image = {name: annotations[name][int(owner[index])].as_py() for name in names}
        item, rule = values[index].as_py(), RULES[broken[index]]
        fault = rule.explain(image["dataset"], item)
        rows.append(
            {
                **image,
                "file_name": image["document"] or image["file_name"],
                "item_no": item["item_no"],
                "rule": rule.name,
                "message": f"`{item['place']}{fault.path}`: {fault.message}",
                "excerpt": str(fault.value)[:MAX_EXCERPT],
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=REJECTIONS.schema)
