"""The tables `categories` and `landmark_types`: schemas/categories.py written out."""

import pyarrow as pa

from schemas.categories import CATEGORIES, Category
from schemas.table import Count, Reference, Table, column, dataset_column, optional

CATEGORY_KEY = ("dataset", "category_id")

CATEGORIES_TABLE = Table(
    name="categories",
    doc="The categories of every dataset, with the size and place of their landmark lists.",
    key=CATEGORY_KEY,
    derived=True,
    columns=(
        dataset_column(),
        column(
            "category_id", "int16", "The source's number (FashionAI has none: from 1 in its order)."
        ),
        column(
            "category_name",
            "string",
            "The name in the annotations; Fashion-MNIST: its authors' name of the label.",
        ),
        optional(
            "coco_name",
            "string",
            "The name the authors' COCO script writes; null where there is no such script.",
        ),
        column(
            "landmark_count", "int16", "Landmarks of each of its items; 0 where there are none."
        ),
    ),
    counts=(Count("landmark_count", "landmark_types"),),
)

LANDMARK_TYPES_TABLE = Table(
    name="landmark_types",
    doc="The landmarks of every category: slot, mirror partner, OKS sigma and outline edges.",
    key=(*CATEGORY_KEY, "landmark_no"),
    numbered=True,
    derived=True,
    columns=(
        dataset_column(),
        column("category_id", "int16", "Refers to categories.category_id."),
        column("landmark_no", "int16", "Place in the category's landmark order, from 1."),
        optional("landmark_name", "string", "The source's name; null where it names none."),
        column("slot", "int16", "0-based place in the dataset's long vector (294 or 24 points)."),
        optional(
            "mirror_no", "int16", "landmark_no of its left-right partner; null for one on the axis."
        ),
        optional(
            "sigma", "float64", "OKS constant of the authors' evaluation; null where there is none."
        ),
        column(
            "edges_to",
            pa.list_(pa.int16()),
            "landmark_no of those the outline joins it to, each edge listed once.",
        ),
    ),
    references=(Reference(CATEGORY_KEY, "categories"),),
)


def category_rows() -> pa.Table:
    """The table `categories`: one row per declared category."""
    rows = [
        {
            "dataset": category.dataset,
            "category_id": category.category_id,
            "category_name": category.name,
            "coco_name": category.coco_name,
            "landmark_count": category.landmarks,
        }
        for categories in CATEGORIES.values()
        for category in categories
    ]
    return pa.Table.from_pylist(rows, schema=CATEGORIES_TABLE.schema)


def landmark_type_rows() -> pa.Table:
    """The table `landmark_types`: one row per landmark of every declared category."""
    rows = [
        row
        for categories in CATEGORIES.values()
        for category in categories
        for row in _landmarks_of(category)
    ]
    return pa.Table.from_pylist(rows, schema=LANDMARK_TYPES_TABLE.schema)


def _landmarks_of(category: Category) -> list[dict[str, object]]:
    return [
        {
            "dataset": category.dataset,
            "category_id": category.category_id,
            "landmark_no": number,
            "landmark_name": category.landmark_names[number - 1]
            if category.landmark_names
            else None,
            "slot": category.slots[number - 1],
            "mirror_no": partner if partner != number else None,
            "sigma": category.sigmas[number - 1] if category.sigmas else None,
            "edges_to": [b for a, b in category.edges if a == number],
        }
        for number, partner in enumerate(category.partners, start=1)
    ]
