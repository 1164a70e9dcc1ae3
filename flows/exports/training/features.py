"""The columns of a training set, declared once: Arrow types, Hugging Face features, meanings."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from flows.exports.training.options import TrainingOptions
from schemas.annotation import PICTURE

Features = dict[str, Any]
"""Columns by name as Hugging Face writes them down; a nested one without `_type` is a struct."""

MEANINGS = {
    "image": "The picture, or the item cut out of it.",
    "image_id": "Number of the image within its split of the source.",
    "item_no": "The item within its image, from 1 as the source counts.",
    "width": "Of the picture in this row, in pixels.",
    "height": "Of the picture in this row, in pixels.",
    "bbox": "Box as x, y, width, height in pixels of the picture in this row.",
    "area": "Area of that box.",
    "category": "Place of the category among the names, from 0.",
    "label": "Place of the category among the names, from 0.",
    "landmarks": "Landmarks of the category in its order, each x, y and v: 2 visible, 1 occluded, "
    "0 not labelled (then x and y are 0).",
    "polygons": "Outlines, each a flat list x1, y1, x2, y2, ...; the first is the whole item.",
    "source": "Who took the photo: `shop` or `user`.",
    "pair_id": "Group of pictures of the same product within the split.",
    "style": "Variant within the group; 0 has no counterpart.",
    "identity": "The same for all items of one product and style, from 0; -1 without counterpart.",
    "objects": "The items of the picture: each field is a list with one entry per item.",
}
"""What each column holds, as the card says it."""


def _value(dtype: str) -> Features:
    return {"dtype": dtype, "_type": "Value"}


def _list(feature: Features, length: int = -1) -> Features:
    # `Sequence` rather than `List`: every version of Hugging Face datasets reads it.
    return {"feature": feature, "length": length, "_type": "Sequence"}


_NUMBER = _value("float32")
_BOX = _list(_NUMBER, 4)
_POINT = _list(_NUMBER, 3)


def features_of(options: TrainingOptions, categories: Sequence[str]) -> Features:
    """The columns of a training set, in order, as Hugging Face writes features down."""
    labels = {"names": list(categories), "_type": "ClassLabel"}
    columns: Features = {
        "image": {"_type": "Image"},
        "image_id": _value("int64"),
        "width": _value("int32"),
        "height": _value("int32"),
    }
    if options.task == "classification":
        return columns | {"item_no": _value("int16"), "label": labels}
    if options.task == "retrieval":
        return columns | {
            "item_no": _value("int16"),
            "category": labels,
            "source": _value("string"),
            "pair_id": _value("int32"),
            "style": _value("int32"),
            "identity": _value("int32"),
        }
    item: Features = {
        "item_no": _value("int16"),
        "bbox": _BOX,
        "area": _NUMBER,
        "category": labels,
    }
    if options.task == "landmarks":
        item["landmarks"] = _list(_POINT)
    if options.task == "segmentation":
        item["polygons"] = _list(_list(_NUMBER))
    if options.crop_items:
        return columns | item
    return columns | {"objects": {name: _list(feature) for name, feature in item.items()}}


def schema_of(features: Features) -> pa.Schema:
    """The Arrow schema of these columns; its metadata lets Hugging Face decode them."""
    fields = [pa.field(name, _arrow(feature)) for name, feature in features.items()]
    footer = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": footer})


def _arrow(feature: Features) -> pa.DataType:
    match feature.get("_type"):
        case "Image":
            return PICTURE
        case "ClassLabel":
            return pa.int64()
        case "Value":
            return pa.type_for_alias(feature["dtype"])
        case "Sequence":
            return pa.list_(_arrow(feature["feature"]), feature["length"])
        case _:
            return pa.struct([pa.field(name, _arrow(inner)) for name, inner in feature.items()])


def class_names(features: Features) -> list[str]:
    """The names behind the numbers of `category` or `label`."""
    columns = features | features.get("objects", {})
    labels = columns.get("label") or columns["category"]
    return list(labels.get("feature", labels)["names"])
