"""The columns of a training set, declared once: Arrow types, Hugging Face features, meanings."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from flows.exports.training.options import TrainingOptions
from flows.exports.training.rows import COLUMNS_OF_ITEMS
from schemas.annotation import PICTURE
from schemas.vocabulary import SOURCES

Features = dict[str, Any]
"""Columns by name as Hugging Face writes them down."""

MEANINGS = {
    "image": "The picture, or the item cut out of it.",
    "image_id": "Number of the image within its split of the source.",
    "width": "Of the picture in this row, in pixels.",
    "height": "Of the picture in this row, in pixels.",
    "frame": "How coordinates were moved: left, top, scale x, scale y; x is (x of the "
    "source - left) * scale x.",
    "item_no": "The item within its image, from 1 as the source counts.",
    "box": "Box as x1, y1, x2, y2 in pixels of the picture in this row; NaN where the source has "
    "none.",
    "label": "Place of the category among the names, from 0.",
    "category_id": "The source's number of the category.",
    "landmarks": "Landmarks of the category in its order, each x, y and v: 2 visible, 1 occluded, "
    "0 not labelled (then x and y are 0).",
    "polygons": "Outlines, each a list of x, y; the first is the whole item.",
    "identity": "The same for all items of one product and style, from 0; -1 without counterpart.",
    "source": "Who took the photo: 0 `shop`, 1 `user`, -1 unknown.",
    "pair_id": "Group of pictures of the same product within the split; -1 where there is none.",
    "style": "Variant within the group; 0 has no counterpart, -1: the source has no styles.",
}
"""What each column holds, as the card says it; those of several items list the same."""


def _value(dtype: str) -> Features:
    return {"dtype": dtype, "_type": "Value"}


def _list(feature: Features, length: int = -1) -> Features:
    # `Sequence` rather than `List`: every version of Hugging Face datasets reads it.
    return {"feature": feature, "length": length, "_type": "Sequence"}


def _labels(names: Sequence[str]) -> Features:
    return {"names": list(names), "_type": "ClassLabel"}


_NUMBER = _value("float32")
_BOX = _list(_NUMBER, 4)


def features_of(options: TrainingOptions, categories: Sequence[str]) -> Features:
    """The columns of a training set, in order: those of a sample of flows.feed.

    A row with several items has a list for each of the columns of an item.
    """
    item: Features = {
        "item_no": _value("int16"),
        "box": _BOX,
        "label": _labels(categories),
        "category_id": _value("int16"),
    }
    if options.task == "landmarks":
        item["landmarks"] = _list(_list(_NUMBER, 3))
    if options.task == "segmentation":
        item["polygons"] = _list(_list(_list(_NUMBER, 2)))
    if options.task == "retrieval":
        item["identity"] = _value("int32")
        item["source"] = _labels(SOURCES)
        item["pair_id"] = item["style"] = _value("int32")
    if not options.by_item:
        names = COLUMNS_OF_ITEMS.items()
        item = {column: _list(item[name]) for column, name in names if name in item}
    return {
        "image": {"_type": "Image"},
        "image_id": _value("int64"),
        "width": _value("int32"),
        "height": _value("int32"),
        "frame": _BOX,
        **item,
    }


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
        case _:
            return pa.list_(_arrow(feature["feature"]), feature["length"])


def class_names(features: Features) -> list[str]:
    """The names behind the numbers of `label` or `labels`."""
    labels = features.get("label") or features["labels"]["feature"]
    return list(labels["names"])
