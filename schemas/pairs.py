"""Tables made by SQL from items: pairs and triplets of items across consumer and shop photos."""

import pyarrow as pa

from schemas.table import Table, column


def _split_key() -> list[pa.Field]:
    return [
        column("dataset", pa.string(), "Source dataset, e.g. `deepfashion2`."),
        column(
            "split", pa.string(), "Split of all its items; numbers restart in each, so none cross."
        ),
    ]


def _side(side: str, whose: str) -> list[pa.Field]:
    return [
        column(f"{side}_image_id", pa.int64(), f"Image of {whose}."),
        column(f"{side}_item_no", pa.int16(), "That item within its image."),
    ]


def _labels(side: str, whose: str) -> list[pa.Field]:
    return [
        column(f"{side}_pair_id", pa.int32(), f"Product group of {whose}."),
        column(
            f"{side}_style",
            pa.int32(),
            f"Variant of {whose} within its group; 0 or less has no counterpart.",
        ),
        column(f"{side}_category_id", pa.int16(), f"Category of {whose}."),
    ]


PAIRS = Table(
    name="pairs",
    doc="One consumer item with one shop item: the same product, or chosen as a negative.",
    key=(
        "dataset",
        "split",
        "pair_kind",
        "user_image_id",
        "user_item_no",
        "shop_image_id",
        "shop_item_no",
    ),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *_split_key(),
            column(
                "pair_kind",
                pa.string(),
                "`positive`, `negative_same_pair`, `negative_same_category` or `negative_random`.",
            ),
            *_side("user", "the consumer's item (the query)"),
            *_side("shop", "the shop's item (the gallery)"),
            *_labels("user", "the consumer's item"),
            *_labels("shop", "the shop's item"),
        ]
    ),
)

TRIPLETS = Table(
    name="triplets",
    doc="An anchor (consumer), a positive and a negative (both shop), for metric learning.",
    key=(
        "dataset",
        "split",
        "anchor_image_id",
        "anchor_item_no",
        "positive_image_id",
        "positive_item_no",
        "negative_image_id",
        "negative_item_no",
        "negative_kind",
    ),
    partition_by=("dataset", "split"),
    schema=pa.schema(
        [
            *_split_key(),
            *_side("anchor", "the consumer's item"),
            *_side("positive", "a shop item of the same pair_id and style"),
            *_side("negative", "a shop item that is another product"),
            column(
                "negative_kind",
                pa.string(),
                "How the negative was chosen; a negative pairs.pair_kind.",
            ),
        ]
    ),
)
