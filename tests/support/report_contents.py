"""Small contents of a report: one with a category, one with everything."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
from PIL import Image

from flows.exports.drawing.annotated import (
    AnnotatedItem,
    AnnotatedPicture,
    Landmark,
    PredictedItem,
)
from flows.exports.report import Drawing, ReportContent, ScoredPredictions
from flows.pipelines.report import statistic
from flows.release.manifest import Changes, Manifest
from flows.warehouse import query
from schemas.categories import CATEGORIES

KEY = {"dataset": "deepfashion2", "split": "train"}
SKIRT = {**KEY, "category_id": 9, "category_name": "skirt"}


def totals(**values) -> dict:
    """A row of split_totals, zeros where nothing is given."""
    names = [
        "images",
        "annotated",
        "pictures_missing",
        "items",
        "landmarks_labelled",
        "polygons",
        "pairs",
    ]
    return {**KEY, **dict.fromkeys(names, 0), **values}


def a_release(parent: str | None = None) -> Manifest:
    return Manifest(
        release="20261121T031500Z-3fa9c2d1",
        created=datetime(2026, 11, 21, 3, 15, tzinfo=UTC),
        parent=parent,
        content="3fa9c2d1" * 8,
        versions={"wardrobe": "0.1.0"},
        inputs={"deepfashion2": {"location": "/data/deepfashion2", "kind": "folder"}},
        parameters={},
        parts={},
        files=[],
        checks=[],
        changes=Changes("the first"),
        runs={},
    )


def with_headers(rows: dict[str, list[dict]]) -> dict:
    """Rows by statistic, as the columns of its header; absent values are null."""
    tables = {}
    for name, values in rows.items():
        columns = query(name).columns
        tables[name] = pa.Table.from_pylist(
            [{column: row.get(column) for column in columns} for row in values]
        )
    return {name: statistic(query(name), table) for name, table in tables.items()}


def a_content(category_name: str = "skirt") -> ReportContent:
    """A release with one split and one category."""
    items = {**SKIRT, "category_name": category_name, "items": 3, "images": 2, "share": 1.0}
    rows = {"split_totals": [totals(images=2, items=3)], "items_by_category": [items]}
    return ReportContent(a_release(), with_headers(rows))


def a_picture(image_id: int, source: str) -> AnnotatedPicture:
    marks = tuple(Landmark(10.0 * k, 12.0 * k, "visible") for k in range(1, 9))
    skirt = AnnotatedItem(
        1, "skirt", 1, (5, 5, 60, 90), marks, (((5, 5), (60, 5), (60, 90)),), ((1, 2),)
    )
    ground = Image.new("RGB", (90, 120), (200, 190, 180))
    return AnnotatedPicture("deepfashion2", "train", image_id, ground, (skirt,), source, 1)


def _statistics() -> dict[str, list[dict]]:
    counts = {1: ("short sleeve top", 9), 8: ("trousers", 1000), 9: ("skirt", 20)}
    mnist = {"dataset": "fashion-mnist", "split": "train"}
    skirt = next(c for c in CATEGORIES["deepfashion2"] if c.category_id == 9)
    numbers = range(1, skirt.landmarks + 1)
    quantiles = [
        "smallest",
        "quantile_10",
        "quantile_25",
        "median",
        "quantile_75",
        "quantile_90",
        "largest",
    ]
    labels = {
        "scale": ("small", "modest", "large"),
        "occlusion": ("slight", "medium", "heavy"),
        "zoom_in": ("no_zoom", "medium", "large"),
        "viewpoint": ("no_wear", "frontal", "side_or_back"),
    }
    names = {None: None, 9: "skirt"}
    return {
        "split_totals": [
            totals(images=1029, annotated=1029, items=1029, polygons=40, pairs=2),
            {**totals(images=10, items=10), **mnist},
        ],
        "published_totals": [
            {**KEY, "measure": "images", "edition": "released", "published": 191_961}
            | {"ours": 1029, "difference": 1029 - 191_961, "meaning": "incomplete"}
        ],
        "items_by_category": [
            {**KEY, "category_id": number, "category_name": name, "items": n, "images": n}
            | {"share": n / 1029}
            for number, (name, n) in counts.items()
        ]
        + [{**mnist, "category_id": 8, "category_name": "Bag", "items": 10, "images": 10}],
        "variations": [
            {**KEY, "variation": variation, "category_id": number, "category_name": name}
            | {"label": label, "items": 10, "share": 1 / 3}
            for variation, words in labels.items()
            for label in words
            for number, name in names.items()
        ],
        "landmark_visibility": [
            {**SKIRT, "landmark_no": number, "landmark_name": None, "items": 10, "visible": 6}
            | {"occluded": 3, "unlabelled": 1, "visible_share": 0.6, "occluded_share": 0.3}
            | {"unlabelled_share": 0.1}
            for number in numbers
        ],
        "mean_landmark_shape": [
            {"dataset": "deepfashion2", "category_id": 9, "category_name": "skirt"}
            | {"landmark_no": number, "landmark_name": None, "landmarks": 9}
            | {"mean_x": number / 9, "mean_y": (number * 3 % 8) / 8}
            for number in numbers
        ],
        "box_sizes": [
            {**SKIRT, "measure": measure, "boxes": 20} | dict.fromkeys(quantiles, 0.5)
            for measure in ("relative_area", "aspect")
        ],
        "box_size_bins": [
            {**SKIRT, "measure": measure, "bin": k, "lower": k / 10, "boxes": k + 1}
            | {"upper": (k + 1) / 10 if k < 5 else None}
            for measure in ("relative_area", "aspect")
            for k in range(6)
        ],
        "polygon_shapes": [
            {**SKIRT, "items": 20, "items_with_parts": 0, "polygons": 20, "closed_share": 0.9}
        ],
        "category_cooccurrence": [
            {**KEY, "category_id": 1, "category_name": "short sleeve top", "other_category_id": 9}
            | {"other_category_name": "skirt", "images": 7, "share_of_category": 0.7}
        ],
        "images_per_pair": [
            {**KEY, "source": source, "images": n, "pair_ids": 4}
            for source in ("shop", "user")
            for n in (1, 3)
        ],
        "styles_per_pair": [{**KEY, "styles": 2, "pair_ids": 4}],
        "pair_totals": [{**KEY, "pair_ids": 4, "instance_pairs": 2, "image_pairs_by_item": 2}],
        "source_sizes": [{**KEY, "source": "user", "images": 3, "median_width": 468.0}],
        "rejections_by_rule": [
            {**KEY, "rule": "not_json", "documents": 1, "items": 0}
            | {"example_file": "train/annos/000007.json", "example_message": "not JSON"}
        ],
    }


def an_evaluation() -> ScoredPredictions:
    """Scores of boxes with a plot, a curve, a confusion and two drawings, one of them a sheet."""
    whole = {"attribute": "all", "value": "all", "mode": None, "category": "all"}
    numbers = {"metric": "AP", "score": 0.5, "count": 4, "skipped": 0, "missing": 1}
    by_scale = {"attribute": "scale", "value": "small", "mode": "ignored"}
    rows = [whole | numbers, whole | numbers | by_scale]
    boxes = (PredictedItem(1, "skirt", 0.75, (20, 30, 90, 140)),)
    pictures = [
        replace(a_picture(number, source), predictions=boxes)
        for number, source in ((1, "user"), (2, "shop"), (3, "shop"))
    ]
    return ScoredPredictions(
        task="detection",
        dataset="deepfashion2",
        split="train",
        predictions_sha256="ab" * 32,
        kernel="a kernel",
        scores=rows,
        summary=pa.Table.from_pylist([numbers]),
        table=pa.Table.from_pylist(rows),
        curves=[
            {"category": "skirt", "threshold": "0.50", "recall": recall, "precision": 0.5}
            for recall in (0.0, 1.0)
        ],
        confusion=[{"category": "skirt", "predicted": "vest", "images": 3}],
        worst={"Missed items": [Drawing(pictures[:1], "item 1"), Drawing(pictures, "item 2")]},
    )


def a_full_content() -> ReportContent:
    """A release with rows for every section."""
    refused = {**KEY, "file_name": "train/annos/000007.json", "item_no": None, "rule": "not_json"}
    return ReportContent(
        a_release(parent="20261120T031500Z-9a4c0f2e"),
        with_headers(_statistics()),
        tables=pa.table({"table": ["images"], "rows": [3], "bytes": [1200], "files": [1]}),
        checks=pa.table(
            {
                "check": ["items.unique", "leakage"],
                "verdict": ["ok", "warn"],
                "rows": [0, 3],
                "examined": [1029, 2],
                "not_examined": [0, 1027],
                "finds": ["Keys that stand twice.", "Pictures in two splits."],
                "example": ["", "image_id=67"],
            }
        ),
        rejections=pa.Table.from_pylist([{**refused, "message": "not JSON", "excerpt": "<b>{"}]),
        differences=pa.table(
            {"table": ["items"], "dataset": ["deepfashion2"], "split": ["train"]}
            | {"added": [4], "removed": [0], "changed": [1]}
        ),
        check_differences=pa.table(
            {"check": ["leakage"], "before": [0], "now": [3], "finds": ["Pictures in two splits."]}
        ),
        samples=[a_picture(number, "user") for number in range(1, 5)],
        pairs=[[a_picture(1, "user"), a_picture(2, "shop")]],
        scored=[an_evaluation()],
        mean_pictures={"fashion-mnist": {"Bag": Image.new("L", (28, 28), 90)}},
    )
