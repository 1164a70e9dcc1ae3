"""The tables `categories` and `landmark_types`: schemas/categories.py written out."""

import pyarrow as pa

from schemas.categories import CATEGORIES
from schemas.table import Table, column

CATEGORIES_TABLE = Table(
    name="categories",
    doc="The categories of every dataset, with the size and place of their landmark lists.",
    key=("dataset", "category_id"),
    schema=pa.schema(
        [
            column("dataset", pa.string(), "Source dataset, e.g. `deepfashion2`."),
            column(
                "category_id",
                pa.int16(),
                "The source's number (FashionAI has none: from 1 in its order).",
            ),
            column("category_name", pa.string(), "The name the annotation documents use."),
            column(
                "coco_name",
                pa.string(),
                "The name the authors' COCO script writes; null where there is no such script.",
                nullable=True,
            ),
            column(
                "landmark_count",
                pa.int16(),
                "Landmarks of each of its items; 0 where there are none.",
            ),
        ]
    ),
)

LANDMARK_TYPES_TABLE = Table(
    name="landmark_types",
    doc="The landmarks of every category: slot, mirror partner, OKS sigma and outline edges.",
    key=("dataset", "category_id", "landmark_no"),
    schema=pa.schema(
        [
            column("dataset", pa.string(), "Source dataset, e.g. `deepfashion2`."),
            column("category_id", pa.int16(), "Refers to categories.category_id."),
            column("landmark_no", pa.int16(), "Place in the category's landmark order, from 1."),
            column(
                "landmark_name",
                pa.string(),
                "The source's name; null where it names none.",
                nullable=True,
            ),
            column(
                "slot", pa.int16(), "0-based place in the dataset's long vector (294 or 24 points)."
            ),
            column(
                "mirror_no",
                pa.int16(),
                "landmark_no of its left-right partner; null for one on the axis.",
                nullable=True,
            ),
            column(
                "sigma",
                pa.float64(),
                "OKS constant of the authors' evaluation; null where there is none.",
                nullable=True,
            ),
            column(
                "edges_to",
                pa.list_(pa.int16()),
                "landmark_no of those the outline joins it to, each edge listed once.",
            ),
        ]
    ),
)


def category_rows() -> pa.Table:
    """The table `categories`: one row per declared category."""
    rows = [
        {
            "dataset": one.dataset,
            "category_id": one.category_id,
            "category_name": one.name,
            "coco_name": one.coco_name,
            "landmark_count": one.landmarks,
        }
        for categories in CATEGORIES.values()
        for one in categories
    ]
    return pa.Table.from_pylist(rows, schema=CATEGORIES_TABLE.schema)


def landmark_type_rows() -> pa.Table:
    """The table `landmark_types`: one row per landmark of every declared category."""
    rows = []
    for categories in CATEGORIES.values():
        for one in categories:
            mirror = {a: b for pair in one.mirrors for a, b in (pair, pair[::-1])}
            for number in range(1, one.landmarks + 1):
                rows.append(
                    {
                        "dataset": one.dataset,
                        "category_id": one.category_id,
                        "landmark_no": number,
                        "landmark_name": one.landmark_names[number - 1]
                        if one.landmark_names
                        else None,
                        "slot": one.slots[number - 1],
                        "mirror_no": mirror.get(number),
                        "sigma": one.sigmas[number - 1] if one.sigmas else None,
                        "edges_to": [b for a, b in one.edges if a == number],
                    }
                )
    return pa.Table.from_pylist(rows, schema=LANDMARK_TYPES_TABLE.schema)
