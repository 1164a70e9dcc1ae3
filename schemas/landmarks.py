"""The landmarks table: one row per landmark of an item's category."""

from schemas.table import (
    ITEM_KEY,
    SPLIT_KEY,
    Constraint,
    Reference,
    Table,
    column,
    item_key,
    optional,
)
from schemas.vocabulary import VISIBILITY

_PLACEHOLDER = (
    "null when unlabelled at the "
    "source's placeholder (DeepFashion2 0,0; FashionAI -1,-1), else kept."
)

LANDMARKS = Table(
    name="landmarks",
    doc="Landmarks as annotated, labelled or not, in the order the category defines.",
    key=(*ITEM_KEY, "landmark_no"),
    numbered=True,
    partition_by=SPLIT_KEY,
    columns=(
        *item_key(),
        column("landmark_no", "int16", "Place in the category's landmark order, from 1."),
        optional("landmark_name", "string", "The source's name; null where it names none."),
        optional(
            "x", "float64", f"From the left image edge, growing right; {_PLACEHOLDER}", unit="px"
        ),
        optional(
            "y", "float64", f"From the top image edge, growing down; {_PLACEHOLDER}", unit="px"
        ),
        column("visibility", "string", "`visible`, `occluded` or `unlabelled`.", words=VISIBILITY),
    ),
    references=(Reference(ITEM_KEY, "items"),),
    constraints=(
        Constraint(
            "place_is_whole", "(x is null) = (y is null)", "A landmark has both x and y or neither."
        ),
        Constraint(
            "labelled_has_place",
            "x is not null or visibility = 'unlabelled'",
            "A landmark that is labelled visible or occluded has a place.",
        ),
    ),
)
