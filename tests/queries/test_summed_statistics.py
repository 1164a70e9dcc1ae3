"""Statistics that add up over parts, computed a second time in Polars."""

import polars as pl
import pytest

from flows.warehouse import query, run_query

pytestmark = pytest.mark.slow

IMAGE = [*(SPLIT := ["dataset", "split"]), "image_id"]
ITEM = [*IMAGE, "item_no"]
CATEGORY = [*SPLIT, "category_id"]
MILLIONTHS = 1_000_000


def agree(warehouse, name, expected):
    """The query's rows are those of the frame, in the order of the grain with nulls first."""
    rows = pl.DataFrame(run_query(warehouse, name))
    numbers = [column for column in rows.columns if column not in query(name).grain]
    expected = expected.select(rows.columns).sort(query(name).grain, nulls_last=False)
    assert rows.height == expected.height > 0
    for row, other in zip(rows.rows(named=True), expected.rows(named=True), strict=True):
        # Sums may differ by one for each value that is in the middle of two steps.
        assert {key: float(row[key]) for key in numbers} == pytest.approx(
            {key: float(other[key]) for key in numbers}, rel=1e-6, abs=2
        ), row
        assert [row[key] for key in query(name).grain] == [other[key] for key in query(name).grain]


def millionths(column, most=1000):
    return (pl.col(column).clip(-most, most) * MILLIONTHS + 0.5).floor().cast(pl.Int64)


def test_landmark_totals_agrees(warehouse, frames):
    labelled = frames["landmarks"].filter(pl.col("visibility") != "unlabelled")
    bounds = labelled.group_by(ITEM).agg(
        pl.col("x").min().alias("l"), pl.col("y").min().alias("t"),
        (pl.col("x").max() - pl.col("x").min()).alias("w"),
        (pl.col("y").max() - pl.col("y").min()).alias("h"),
    )  # fmt: skip
    items = frames["items"].join(bounds, on=ITEM, how="left").select(
        *ITEM, "category_id",
        pl.coalesce("x1", "l").alias("l"), pl.coalesce("y1", "t").alias("t"),
        pl.coalesce(pl.col("x2") - pl.col("x1"), "w").alias("w"),
        pl.coalesce(pl.col("y2") - pl.col("y1"), "h").alias("h"),
    )  # fmt: skip
    is_labelled = pl.col("visibility") != "unlabelled"
    is_flat = (pl.col("w") == 0) | (pl.col("h") == 0)
    rows = frames["landmarks"].join(items, on=ITEM)
    rows = rows.with_columns(
        ((pl.col("x") - pl.col("l")) / pl.col("w")).alias("x"),
        ((pl.col("y") - pl.col("t")) / pl.col("h")).alias("y"),
        (is_labelled & ~is_flat).alias("placed"),
    )
    rows = rows.with_columns(
        pl.when("placed").then(millionths(name)).alias(name) for name in ("x", "y")
    )
    words = ("visible", "occluded", "unlabelled")
    squares = [
        (pl.col(name).cast(pl.Float64) ** 2).sum().alias(f"sum_{name * 2}") for name in ("x", "y")
    ]
    agree(
        warehouse,
        "landmark_totals",
        rows.group_by([*CATEGORY, "landmark_no"]).agg(
            pl.len().alias("items"),
            *((pl.col("visibility") == word).sum().alias(word) for word in words),
            (is_labelled & is_flat).sum().alias("flat_boxes"),
            pl.col("placed").sum(),
            *(pl.col(name).sum().alias(f"sum_{name}") for name in ("x", "y")),
            *squares,
        ),
    )


def test_polygon_totals_agrees(warehouse, frames):
    width, height = pl.col("x2") - pl.col("x1"), pl.col("y2") - pl.col("y1")
    is_outline = pl.col("polygon_no") == 1
    rows = frames["polygons"].join(frames["items"], on=ITEM).with_columns(
        pl.min_horizontal("polygon_no", 3).alias("place"),
        (is_outline & ((width == 0) | (height == 0))).alias("flat"),
        pl.when(is_outline & (width > 0) & (height > 0))
        .then(pl.col("area") / (width * height)).alias("ratio"),
    )  # fmt: skip
    agree(
        warehouse,
        "polygon_totals",
        rows.group_by([*CATEGORY, "place", "point_count"]).agg(
            pl.len().alias("polygons"),
            pl.col("closed").sum(),
            pl.col("flat").sum().alias("flat_boxes"),
            pl.col("ratio").count().alias("measured"),
            millionths("ratio", most=MILLIONTHS).sum().alias("sum_outline_to_box"),
        ),
    )


def test_box_totals_agrees(warehouse, frames):
    width, height = pl.col("x2") - pl.col("x1"), pl.col("y2") - pl.col("y1")
    area = pl.col("width").cast(pl.Int64) * pl.col("height")
    boxes = frames["items"].filter(pl.col("x1").is_not_null()).join(frames["images"], on=IMAGE)
    is_flat = (width == 0) | (height == 0)
    measures = [
        boxes.with_columns(
            pl.lit(measure).alias("measure"),
            is_flat.alias("flat"),
            pl.when(~is_flat & has_size).then(value).alias("value"),
            pl.when(~is_flat & has_size).then(bins.floor()).cast(pl.Int32).alias("bin"),
        )
        for measure, value, bins, has_size in (
            ("aspect", width / height, pl.min_horizontal(width * 10 / height, 30.0), True),
            (
                "relative_area",
                width * height / area,
                pl.min_horizontal(width * height * 20 / area, 19.0),
                area > 0,
            ),
        )
    ]
    rows = pl.concat(measures).with_columns(((pl.col("value") * 1e4 + 0.5).floor() / 1e4).round(6))
    expected = rows.group_by([*CATEGORY, "measure", "bin", "value"]).agg(
        pl.len().alias("boxes"), pl.col("flat").sum().alias("flat_boxes")
    )
    assert expected.filter(pl.col("value").is_null()).height
    agree(warehouse, "box_totals", expected)


def test_style_totals_agrees(warehouse, frames):
    items = frames["items"].join(frames["images"], on=IMAGE)
    rows = items.filter(pl.col("pair_id").is_not_null())
    grain = [*SPLIT, "pair_id", "style", "category_id", "source"]
    agree(warehouse, "style_totals", rows.group_by(grain).agg(pl.len().alias("items")))
