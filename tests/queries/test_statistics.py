"""Every statistic computed a second time, in Polars, on made-up data of two data sets."""

import polars as pl
import pytest

from flows.warehouse import query, run_query
from schemas.landmark_types import category_rows

pytestmark = pytest.mark.slow

IMAGE = [*(SPLIT := ["dataset", "split"]), "image_id"]
ITEM = [*IMAGE, "item_no"]
CATEGORY = [*SPLIT, "category_id"]
NAMES = ["dataset", "category_id", "category_name"]


def agree(warehouse, name: str, expected: pl.DataFrame) -> None:
    """The query's rows are the frame's in the order of the grain; floats within their rounding.

    Names of categories are added to the frame.
    """
    rows = pl.DataFrame(run_query(warehouse, name))
    names = pl.DataFrame(category_rows()).select(NAMES)
    for prefix in ("", "other_"):
        if f"{prefix}category_name" in set(rows.columns) - set(expected.columns):
            own = names.rename({column: prefix + column for column in NAMES[1:]})
            keys = ["dataset", f"{prefix}category_id"]
            expected = expected.join(own, on=keys, how="left")
    assert set(rows.columns) == set(expected.columns)
    assert rows.height == expected.height > 0
    expected = expected.select(rows.columns).sort(query(name).grain)
    for row, other in zip(rows.rows(named=True), expected.rows(named=True), strict=True):
        assert row == pytest.approx(other, abs=1.01e-4)


def test_split_totals_agrees(warehouse, frames):
    def count(table, name, where=True):
        return frames[table].filter(where).group_by(SPLIT).agg(pl.len().alias(name))

    images = frames["images"].group_by(SPLIT).agg(
        pl.len().alias("images"),
        pl.col("annotated").sum().alias("annotated"),
        (pl.col("image_status") == "missing").sum().alias("pictures_missing"),
    )  # fmt: skip
    labelled = pl.col("visibility") != "unlabelled"
    for table, name, where in (
        ("items", "items", True),
        ("landmarks", "landmarks_labelled", labelled),
        ("polygons", "polygons", True),
        ("pairs", "pairs", pl.col("pair_kind") == "positive"),
    ):
        images = images.join(count(table, name, where), on=SPLIT, how="left")
    agree(warehouse, "split_totals", images.fill_null(0))


def test_items_by_category_agrees(warehouse, frames):
    items = frames["items"]
    splits = items.group_by(SPLIT).agg(pl.len().alias("all"))
    every = splits.join(frames["categories"].select(NAMES[:2]), on="dataset")
    counted = items.group_by(CATEGORY).agg(
        pl.len().alias("items"), pl.col("image_id").n_unique().alias("images")
    )
    joined = every.join(counted, on=CATEGORY, how="left").with_columns(
        pl.col("items", "images").fill_null(0)
    )
    expected = joined.with_columns((pl.col("items") / pl.col("all")).alias("share")).drop("all")
    agree(warehouse, "items_by_category", expected)


def test_variations_agrees(warehouse, frames):
    kinds = ["scale", "occlusion", "zoom_in", "viewpoint"]
    long = frames["items"].select(*CATEGORY, *kinds).unpivot(
        kinds, index=CATEGORY, variable_name="variation", value_name="label"
    ).drop_nulls("label")  # fmt: skip
    every = long.with_columns(pl.lit(None, pl.Int16).alias("category_id"))
    group = [*SPLIT, "variation", "category_id"]
    counted = pl.concat([long, every]).group_by([*group, "label"]).agg(pl.len().alias("items"))
    shares = counted.with_columns(
        (pl.col("items") / pl.col("items").sum().over(group)).alias("share")
    )
    agree(warehouse, "variations", shares)


def test_landmark_visibility_agrees(warehouse, frames):
    joined = frames["landmarks"].join(frames["items"].select(*ITEM, "category_id"), on=ITEM)
    words = ["visible", "occluded", "unlabelled"]
    counted = joined.group_by([*CATEGORY, "landmark_no"]).agg(
        pl.len().alias("items"),
        *[(pl.col("visibility") == word).sum().alias(word) for word in words],
    )
    shares = [(pl.col(word) / pl.col("items")).alias(f"{word}_share") for word in words]
    types = frames["landmark_types"].select(
        "dataset", "category_id", "landmark_no", "landmark_name"
    )
    expected = counted.with_columns(shares).join(
        types, on=["dataset", "category_id", "landmark_no"]
    )
    agree(warehouse, "landmark_visibility", expected)


def measured(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per box and measure, with its value."""
    boxes = frames["items"].join(frames["images"].select(*IMAGE, "width", "height"), on=IMAGE)
    boxes = boxes.drop_nulls("x1").with_columns(
        (pl.col("x2") - pl.col("x1")).alias("w"), (pl.col("y2") - pl.col("y1")).alias("h")
    )
    area = pl.col("w") * pl.col("h")
    solid = pl.when(area > 0)
    values = boxes.with_columns(
        solid.then(area / (pl.col("width") * pl.col("height"))).alias("relative_area"),
        solid.then(pl.col("w") / pl.col("h")).alias("aspect"),
        (area == 0).alias("flat"),
    )
    index = [*CATEGORY, "flat"]
    return values.unpivot(["relative_area", "aspect"], index=index, variable_name="measure")


def quantile(column: str, share: float) -> pl.Expr:
    """The first sorted value with at least `share` of the values at or below it."""
    place = (pl.col(column).count() * share).ceil().cast(pl.Int64) - 1
    return pl.col(column).drop_nulls().sort().get(place)


def test_box_sizes_agrees(warehouse, frames):
    expected = measured(frames).group_by([*CATEGORY, "measure"]).agg(
        pl.col("value").count().alias("boxes"),
        pl.col("flat").sum().alias("flat_boxes"),
        pl.col("value").min().alias("smallest"),
        quantile("value", 0.10).alias("quantile_10"),
        quantile("value", 0.25).alias("quantile_25"),
        quantile("value", 0.50).alias("median"),
        quantile("value", 0.75).alias("quantile_75"),
        quantile("value", 0.90).alias("quantile_90"),
        pl.col("value").max().alias("largest"),
    )  # fmt: skip
    agree(warehouse, "box_sizes", expected)


def test_box_size_bins_agrees(warehouse, frames):
    step = pl.when(pl.col("measure") == "aspect").then(10).otherwise(20)
    last = pl.when(pl.col("measure") == "aspect").then(30).otherwise(19)
    values = measured(frames).with_columns(
        pl.col("flat").sum().over([*CATEGORY, "measure"]).alias("flat_boxes")
    )
    bins = values.drop_nulls("value").with_columns(
        pl.min_horizontal((pl.col("value") * step + 1e-12).floor().cast(pl.Int32), last).alias(
            "bin"
        )
    )
    counted = bins.group_by([*CATEGORY, "measure", "bin"]).agg(
        pl.len().alias("boxes"), pl.col("flat_boxes").first()
    )
    expected = counted.with_columns(
        (pl.col("bin") / step).alias("lower"),
        pl.when(pl.col("bin") < last).then((pl.col("bin") + 1) / step).alias("upper"),
    )
    agree(warehouse, "box_size_bins", expected)


def test_polygon_shapes_agrees(warehouse, frames):
    joined = frames["polygons"].join(frames["items"], on=ITEM).with_columns(
        ((pl.col("x2") - pl.col("x1")) * (pl.col("y2") - pl.col("y1"))).alias("box")
    )  # fmt: skip
    solid, flat = pl.col("box") > 0, pl.col("box") == 0
    first = pl.col("polygon_no") == 1
    expected = joined.group_by(CATEGORY).agg(
        first.sum().alias("items"),
        (pl.col("polygon_no") == 2).sum().alias("items_with_parts"),
        pl.len().alias("polygons"),
        pl.col("point_count").cast(pl.Int64).sum().alias("points"),
        pl.col("point_count").mean().alias("points_per_polygon"),
        pl.col("point_count").filter(first).median().alias("median_outline_points"),
        pl.col("closed").mean().alias("closed_share"),
        (pl.col("area") / pl.col("box")).filter(first & solid).mean().alias("outline_to_box"),
        (first & flat).sum().alias("flat_boxes"),
    )
    # Means of points leave with three digits.
    rounded = expected.with_columns(pl.col("points_per_polygon").round(3))
    agree(warehouse, "polygon_shapes", rounded)


def test_category_cooccurrence_agrees(warehouse, frames):
    present = frames["items"].select(*IMAGE, "category_id").unique()
    totals = present.group_by(CATEGORY).agg(pl.len().alias("total"))
    met = present.join(present.rename({"category_id": "other_category_id"}), on=IMAGE)
    met = met.filter(pl.col("category_id") < pl.col("other_category_id"))
    counted = met.group_by([*CATEGORY, "other_category_id"]).agg(pl.len().alias("images"))
    expected = (
        counted.join(totals, on=CATEGORY)
        .join(
            totals.rename({"category_id": "other_category_id", "total": "other_total"}),
            on=[*SPLIT, "other_category_id"],
        )
        .with_columns(
            (pl.col("images") / pl.col("total")).alias("share_of_category"),
            (pl.col("images") / pl.col("other_total")).alias("share_of_other"),
        )
        .drop("total", "other_total")
    )
    agree(warehouse, "category_cooccurrence", expected)


def test_mean_landmark_shape_agrees(warehouse, frames):
    labelled = frames["landmarks"].filter(pl.col("visibility") != "unlabelled")
    joined = labelled.join(
        frames["items"].select(*ITEM, "category_id", "x1", "y1", "x2", "y2"), on=ITEM
    )
    # Without a box, the item's own labelled landmarks bound it.
    joined = joined.with_columns(
        pl.coalesce("x1", pl.col("x").min().over(ITEM)).alias("left"),
        pl.coalesce("y1", pl.col("y").min().over(ITEM)).alias("top"),
        pl.coalesce("x2", pl.col("x").max().over(ITEM)).alias("right"),
        pl.coalesce("y2", pl.col("y").max().over(ITEM)).alias("bottom"),
    )
    wide, high = pl.col("right") - pl.col("left"), pl.col("bottom") - pl.col("top")
    solid = (wide > 0) & (high > 0)
    joined = joined.with_columns(
        pl.when(solid).then((pl.col("x") - pl.col("left")) / wide).alias("px"),
        pl.when(solid).then((pl.col("y") - pl.col("top")) / high).alias("py"),
    )
    key = ["dataset", "category_id", "landmark_no"]
    expected = joined.group_by(key).agg(
        pl.col("px").count().alias("landmarks"),
        pl.col("px").null_count().alias("flat_boxes"),
        pl.col("px").mean().alias("mean_x"),
        pl.col("py").mean().alias("mean_y"),
        pl.col("px").std().alias("spread_x"),
        pl.col("py").std().alias("spread_y"),
    )
    types = frames["landmark_types"].select(*key, "landmark_name")
    agree(warehouse, "mean_landmark_shape", expected.join(types, on=key))


def test_source_sizes_agrees(warehouse, frames):
    side = pl.min_horizontal("width", "height"), pl.max_horizontal("width", "height")
    pixels = pl.col("width").cast(pl.Int64) * pl.col("height")
    expected = frames["images"].group_by([*SPLIT, "source"]).agg(
        pl.len().alias("images"),
        pl.col("width").count().alias("sized"),
        pl.col("width").median().alias("median_width"),
        pl.col("height").median().alias("median_height"),
        side[0].min().alias("smallest_side"),
        side[1].max().alias("largest_side"),
        (pl.col("width") / pl.col("height")).median().alias("median_aspect"),
        (pixels.median() / 1e6).alias("median_megapixels"),
        pl.col("byte_size").median().alias("median_bytes"),
        pl.col("byte_size").sum().alias("total_bytes"),
    )  # fmt: skip
    agree(warehouse, "source_sizes", expected)


def test_normaliser_lengths_agrees(warehouse, frames):
    def end(side):
        names = [f"armpit_{side}", f"waistband_{side}"]
        point = frames["landmarks"].filter(pl.col("landmark_name").is_in(names))
        return point.select(*ITEM, pl.col("x").alias(f"{side}_x"), pl.col("y").alias(f"{side}_y"))

    across, down = pl.col("left_x") - pl.col("right_x"), pl.col("left_y") - pl.col("right_y")
    ends = end("left").join(end("right"), on=ITEM).join(frames["items"], on=ITEM)
    ends = ends.with_columns((across**2 + down**2).sqrt().alias("length"))
    left, right = pl.col("left_x").is_null(), pl.col("right_x").is_null()
    expected = ends.group_by(CATEGORY).agg(
        pl.len().alias("items"),
        pl.col("length").count().alias("measured"),
        (left != right).sum().alias("one_end_absent"),
        (left & right).sum().alias("both_ends_absent"),
        (pl.col("left_x") > pl.col("right_x")).sum().alias("crossed"),
        pl.col("length").min().round(2).alias("shortest"),
        quantile("length", 0.1).round(2).alias("quantile_10"),
        quantile("length", 0.5).round(2).alias("median"),
        quantile("length", 0.9).round(2).alias("quantile_90"),
        pl.col("length").max().round(2).alias("longest"),
    )
    agree(warehouse, "normaliser_lengths", expected)
