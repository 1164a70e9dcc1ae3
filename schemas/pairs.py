"""Tables made by SQL from items: pairs and triplets of items across consumer and shop photos."""

from schemas.table import SPLIT_KEY, Column, Reference, Table, column, dataset_column, split_column
from schemas.vocabulary import NEGATIVE_KINDS, PAIR_KINDS


def _split_key() -> tuple[Column, ...]:
    return (
        dataset_column(),
        split_column("Split of all its items; numbers restart in each, so none cross."),
    )


def _side(side: str, whose: str) -> tuple[Column, ...]:
    return (
        column(f"{side}_image_id", "int64", f"Image of {whose}."),
        column(f"{side}_item_no", "int16", "That item within its image."),
    )


def _labels(side: str, whose: str) -> tuple[Column, ...]:
    return (
        column(f"{side}_pair_id", "int32", f"Product group of {whose}."),
        column(
            f"{side}_style",
            "int32",
            f"Variant of {whose} within its group; 0 or less has no counterpart.",
        ),
        column(f"{side}_category_id", "int16", f"Category of {whose}."),
    )


def _items(*sides: str) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            (*SPLIT_KEY, f"{side}_image_id", f"{side}_item_no"), "items", alias=f"{side}_item"
        )
        for side in sides
    )


PAIRS = Table(
    name="pairs",
    doc="One consumer item with one shop item: the same product, or chosen as a negative.",
    key=(
        *SPLIT_KEY,
        "pair_kind",
        *("user_image_id", "user_item_no"),
        *("shop_image_id", "shop_item_no"),
    ),
    partition_by=SPLIT_KEY,
    derived=True,
    columns=(
        *_split_key(),
        column(
            "pair_kind",
            "string",
            "`positive`, `negative_same_pair`, `negative_same_category` or `negative_random`.",
            words=PAIR_KINDS,
        ),
        *_side("user", "the consumer's item (the query)"),
        *_side("shop", "the shop's item (the gallery)"),
        *_labels("user", "the consumer's item"),
        *_labels("shop", "the shop's item"),
    ),
    references=_items("user", "shop"),
)

TRIPLETS = Table(
    name="triplets",
    doc="An anchor (consumer), a positive and a negative (both shop), for metric learning.",
    key=(
        *SPLIT_KEY,
        *("anchor_image_id", "anchor_item_no"),
        *("positive_image_id", "positive_item_no"),
        *("negative_image_id", "negative_item_no"),
        "negative_kind",
    ),
    partition_by=SPLIT_KEY,
    derived=True,
    columns=(
        *_split_key(),
        *_side("anchor", "the consumer's item"),
        *_side("positive", "a shop item of the same pair_id and style"),
        *_side("negative", "a shop item that is another product"),
        column(
            "negative_kind",
            "string",
            "How the negative was chosen; a negative pairs.pair_kind.",
            words=NEGATIVE_KINDS,
        ),
    ),
    references=_items("anchor", "positive", "negative"),
)
