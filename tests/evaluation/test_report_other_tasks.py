"""The worst images of FashionAI and the worst queries, drawn from details of real evaluations."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from prediction_details import write_details

from flows.exports.report import ScoredPredictions
from flows.lake import Lake
from flows.pipelines.pictures import PictureReader
from flows.pipelines.report_scores import scored_predictions
from flows.predictions import predictions_sha256
from flows.warehouse import open_warehouse
from schemas.categories import FASHIONAI_POINTS
from schemas.details import RETRIEVAL_DETAILS

pytestmark = pytest.mark.slow


def scored(lake: Path, details: Path, *predictions: Path, scores: tuple = ()) -> ScoredPredictions:
    release = Lake(lake).release(None)
    reader = PictureReader(release)
    with open_warehouse(release.tables()) as con:
        (shown,) = scored_predictions(
            con, reader, release, scores=scores, details=[details], predictions=predictions
        )
    return shown


def submission(lake: Path, path: Path) -> dict[int, str]:
    """Predict all points of the first images of train exactly, but shift those of the second.

    The names of images by image_id.
    """
    with open_warehouse(Lake(lake).release(None).tables()) as con:
        rows = con.sql(
            "select image_id, file_name, category_name, landmark_name, x, y from landmarks "
            "join items using (dataset, split, image_id, item_no) "
            "join images using (dataset, split, image_id) "
            "where dataset = 'fashionai' and split = 'train' order by image_id, landmark_no"
        ).fetchall()
    places: dict[int, dict[str, str]] = {}
    names = {row[0]: (row[1], row[2]) for row in rows}
    second = list(names)[1]
    for image_id, _, _, landmark, x, y in rows:
        shift = 30 if image_id == second else 0
        is_absent = x is None
        place = "-1_-1_-1" if is_absent else f"{round(x) + shift}_{round(y)}_1"
        places.setdefault(image_id, {})[landmark] = place
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_id", "image_category", *FASHIONAI_POINTS])
        for image_id, (file_name, category) in list(names.items())[:3]:
            own = places[image_id]
            cells = [own.get(name, "-1_-1_-1") for name in FASHIONAI_POINTS]
            writer.writerow([file_name, category, *cells])
    return {image_id: name for image_id, (name, _) in names.items()}


def test_images_with_the_largest_error_are_drawn_with_both_sets_of_points(lake, tmp_path):
    path = tmp_path / "points.csv"
    names = submission(lake, path)
    second = list(names)[1]
    files = (tmp_path / "s.parquet", tmp_path / "d.parquet")
    words = ("--split", "train", "--predictions", path, "--output", files[0], "--details", files[1])
    done = wardrobe("evaluate", "landmarks", "--dataset", "fashionai", *words, lake=lake)
    assert done.returncode == 0, done.stderr
    shown = scored(lake, files[1], path, scores=(files[0],))
    ((title, drawings),) = shown.worst.items()
    assert title == "Images with the largest error" and len(drawings) == 3
    worst = drawings[0]
    assert worst.caption.startswith(f"train {second}: ") and "mean error 0." in worst.caption
    (prediction,), (item,) = worst.pictures[0].predictions, worst.pictures[0].items
    assert len(prediction.landmarks) == len(item.landmarks)
    shifts = {
        round(place[0] - mark.x)
        for place, mark in zip(prediction.landmarks, item.landmarks, strict=True)
        if mark.place
    }
    assert shifts == {30}
    absent = [place is None for place in prediction.landmarks]
    assert absent == [mark.place is None for mark in item.landmarks]
    assert prediction.category_name == item.category_name


def test_a_submission_of_fashionai_is_drawn_by_show(lake, tmp_path):
    path = tmp_path / "points.csv"
    image_id = list(submission(lake, path))[1]
    words = ("show", "fashionai", "train", image_id, "-o", tmp_path / "a.png")
    done = wardrobe(*words, "--predictions", path, lake=lake)
    assert done.stdout.endswith("1 item, 1 of 1 prediction drawn\n"), done.stderr
    other = list(submission(lake, path))[4]
    done = wardrobe(
        "show",
        "fashionai",
        "train",
        other,
        "-o",
        tmp_path / "a.png",
        "--predictions",
        path,
        lake=lake,
    )
    assert "0 of 0 predictions drawn" in done.stdout


def test_predictions_without_places_are_not_drawn(lake, tmp_path):
    (tmp_path / "c.csv").write_text("image_id,category\n1,2\n")
    words = ("show", "fashion-mnist", "train", 1, "-o", tmp_path / "a.png")
    done = wardrobe(*words, "--predictions", tmp_path / "c.csv", lake=lake)
    assert done.returncode == 2 and "fashion-mnist are not drawn" in done.stderr


def test_predictions_of_classes_may_be_named_though_none_are_drawn(lake, tmp_path):
    path, details = tmp_path / "c.csv", tmp_path / "d.parquet"
    words = ("classification", "--split", "test")
    for command in (
        ("sample", "predictions", *words, "--output", path),
        ("evaluate", *words, "--predictions", path, "--details", details),
    ):
        done = wardrobe(*command, lake=lake)
        assert done.returncode == 0, done.stderr
    shown = scored(lake, details, path)
    assert shown.confusion is not None and not shown.worst


def test_the_worst_queries_are_next_to_the_pictures_they_should_find(lake, tmp_path):
    release = Lake(lake).release(None)
    with open_warehouse(release.tables()) as con:
        pairs = con.sql(
            "select * from pairs where dataset = 'deepfashion2' and pair_kind = 'positive' "
            "and split = 'train' order by all"
        ).to_arrow_table()
    pair = pairs.to_pylist()[0]
    key = {"image_id": pair["user_image_id"], "item_no": pair["user_item_no"]}
    labels = dict.fromkeys(("scale", "occlusion", "zoom_in", "viewpoint"), "small")
    query = (
        key
        | labels
        | {
            "category_id": pair["user_category_id"],
            "pair_id": pair["user_pair_id"],
            "style": pair["user_style"],
            "outcome": "wrong category",
            "row": 1,
        }
    )
    expected = [
        row["shop_image_id"]
        for row in pairs.to_pylist()
        if (row["user_image_id"], row["user_item_no"]) == (key["image_id"], key["item_no"])
    ]
    record = {
        "query_image_id": key["image_id"],
        "query_bbox": [1, 2, 30, 40],
        "query_cls": 1,
        "query_score": 0.5,
        "gallery_image_id": [expected[0], expected[0], 3, 4],
        "gallery_bbox": [[1, 2, 3, 4], [5, 6, 7, 8], [1, 1, 9, 9], [1, 1, 9, 9]],
    }
    predictions = tmp_path / "r.json"
    predictions.write_text(json.dumps([record, record | {"gallery_image_id": [1] * 4}]))
    own = {"split": "train", "release": release.id}
    own["predictions_sha256"] = predictions_sha256([predictions])
    table = pa.Table.from_pylist([query], RETRIEVAL_DETAILS.schema)
    details = write_details(table, tmp_path / "d.parquet", "retrieval", "deepfashion2", **own)
    assert pq.read_metadata(details).num_rows == 1
    ((drawing,),) = scored(lake, details, predictions).worst.values()
    assert drawing.caption.startswith(f"train {key['image_id']}, item {key['item_no']}, style ")
    assert "wrong category" in drawing.caption
    user, *shops = drawing.pictures
    assert user.image_id == key["image_id"] and user.source == "user"
    assert [shop.image_id for shop in shops] == list(dict.fromkeys([*expected[:2], 3]))
    ranks = {
        shop.image_id: [item.category_name for item in shop.predictions or ()] for shop in shops
    }
    assert ranks[expected[0]] == ["rank 1", "rank 2"] and ranks[3] == ["rank 3"]
    assert drawing.pictures[1].predictions[1].box == (5, 6, 7, 8)
