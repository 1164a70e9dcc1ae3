"""The images behind the numbers of statistics: a row and a column in, fields of a filter out."""

from collections.abc import Mapping
from typing import Any

from flows.warehouse import text_literal

_CATEGORY = "category_id = {category_id}"
_BOX = f"{_CATEGORY} and x2 > x1 and y2 > y1"
_OF_LANDMARK = (
    _CATEGORY + " and (dataset, split, image_id, item_no) in (\n"
    "    select (dataset, split, image_id, item_no) from landmarks\n"
    "    where landmark_no = {landmark_no}"
)
_PAIR = (
    "(dataset, split, pair_id) in (\n    select (dataset, split, pair_id) from {table}\n"
    "    group by dataset, split, pair_id having {having})"
)
_LABELLED = "landmarks_visible + landmarks_occluded > 0"

_CONDITIONS = {
    "box_size_bins.relative_area": f"{_BOX} and least(cast(floor((x2 - x1) * (y2 - y1) * 20 "
    "/ (cast(width as bigint) * height)) as integer), 19) = {bin}",
    "box_size_bins.aspect": f"{_BOX} and "
    "cast(floor(least((x2 - x1) * 10 / (y2 - y1), 30)) as integer) = {bin}",
    "box_sizes": _BOX,
    "category_cooccurrence": _CATEGORY + " and (dataset, split, image_id) in (\n"
    "    select (dataset, split, image_id) from items where category_id = {other_category_id})",
    "images_per_pair": _PAIR.format(
        table="images", having="count(*) filter (where source = {source}) = {images}"
    ),
    "items_by_category": _CATEGORY,
    "landmark_visibility": _OF_LANDMARK + ")",
    "landmark_visibility.visible": _OF_LANDMARK + " and visibility = 'visible')",
    "landmark_visibility.occluded": _OF_LANDMARK + " and visibility = 'occluded')",
    "landmark_visibility.unlabelled": _OF_LANDMARK + " and visibility = 'unlabelled')",
    "mean_landmark_shape": _OF_LANDMARK + " and x is not null)",
    "normaliser_lengths": f"{_CATEGORY} and {_LABELLED}",
    "pair_totals": "style > 0 and pair_id is not null",
    "polygon_shapes": f"{_CATEGORY} and polygon_count > 0",
    "polygon_shapes.items_with_parts": f"{_CATEGORY} and polygon_count > 1",
    "split_totals.items": "true",
    "split_totals.landmarks_labelled": _LABELLED,
    "split_totals.polygons": "polygon_count > 0",
    "split_totals.pairs": "style > 0 and pair_id is not null",
    "styles_per_pair": _PAIR.format(
        table="items_full", having="count(distinct style) filter (where style > 0) = {styles}"
    ),
}
"""Conditions over items_full by statistic, measure and column; `{column}` is the row's value."""

_FIELDS = {
    "split_totals.annotated": {"annotated": "true"},
    "split_totals.pictures_missing": {"image_status": "missing"},
}

_SHARED = ("dataset", "split", "source")


def images_behind(statistic: str, row: Mapping[str, Any], column: str) -> dict[str, str]:
    """The fields of the filter of the images that a number of a statistic is about."""
    fields = {name: row[name] for name in _SHARED if row.get(name) not in (None, "all")}
    if statistic == "images_per_pair":
        del fields["source"]  # the images of a product are of both
    fields |= _FIELDS.get(f"{statistic}.{column}", {})
    if statistic == "rejections_by_rule":
        fields["rejection"] = row["rule"]
    if statistic == "variations":
        fields[row["variation"]] = row["label"]
        if row["category_id"] is not None:
            fields["where"] = _CATEGORY.format(**row)
    names = (f"{statistic}.{row.get('measure')}", f"{statistic}.{column}", statistic)
    condition = next((_CONDITIONS[name] for name in names if name in _CONDITIONS), None)
    if condition is not None:
        fields["where"] = condition.format_map({key: _literal(row[key]) for key in row})
    return fields


def _literal(value: Any) -> str:
    return text_literal(value) if isinstance(value, str) else str(value)
