"""Generated predictions: in the formats of the tasks, with errors, the same bytes for a seed."""

import csv
import json

import numpy as np
import pytest
from command_line import is_one_sentence, wardrobe
from releases import image, item, write_release

from flows.pipelines.sample_predictions import write_sample_predictions
from flows.pipelines.tables import open_release
from schemas.categories import FASHIONAI_POINTS, category


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A release of 40 consumers' and 40 shops' images; the category is 9 or 1."""
    folder = tmp_path_factory.mktemp("predictions")
    images = [
        image(
            number,
            item(9 if number % 2 else 1, style=number % 3),
            source="user" if number <= 40 else "shop",
            pair_id=number % 5,
        )
        for number in range(1, 81)
    ]
    write_release(folder, images, pictures="none")
    return open_release(folder / "lake", "20261121T031500Z-00000001")


@pytest.fixture(scope="module")
def records(release, tmp_path_factory):
    """The predictions of a task as the file has them."""
    folder = tmp_path_factory.mktemp("files")

    def read(task: str, seed: int = 3):
        path = folder / f"{task}-{seed}.json"
        count = write_sample_predictions(
            release, "deepfashion2", task=task, split="train", output=path, seed=seed
        )
        read = json.loads(path.read_bytes())
        assert count == len(read)
        return read

    return read


def test_boxes_are_near_those_of_the_truth_and_some_are_wrong(records):
    boxes = records("detection")
    near = [box for box in boxes if np.abs(np.subtract(box["bbox"], [8, 12, 32, 48])).max() < 12]
    assert len(boxes) * 0.8 < len(near) < len(boxes)
    assert len({box["image_id"] for box in boxes}) < 80
    assert any(box["category_id"] not in (1, 9) for box in boxes)
    assert all(box.keys() == {"image_id", "category_id", "score", "bbox"} for box in boxes)


def test_landmarks_fill_the_slots_of_their_category(records):
    for record in records("landmarks"):
        points = np.reshape(record["keypoints"], (-1, 3))
        slots = np.flatnonzero(points[:, 2])
        assert len(points) == 294
        assert slots.tolist() == [*category("deepfashion2", record["category_id"]).slots]


def test_masks_are_polygons_of_at_least_three_points(records):
    for record in records("segmentation"):
        (polygon,) = record["segmentation"]
        assert len(polygon) == 8


def test_retrieval_lists_twenty_items_of_shops_for_items_of_consumers(records):
    rows = records("retrieval")
    assert all(row["query_image_id"] <= 40 < min(row["gallery_image_id"]) for row in rows)
    assert {len(row["gallery_image_id"]) for row in rows} == {20}
    assert {len(box) for row in rows for box in row["gallery_bbox"]} == {4}


def test_the_same_seed_gives_the_same_file(records):
    first = records("detection")
    assert first == records("detection") != records("detection", 4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["detection", "--dataset", "fashionai", "--split", "train"], "give landmarks"),
        (["retrieval", "--dataset", "deepfashion2", "--split", "trian"], "did you mean train?"),
    ],
)
def test_what_cannot_be_generated_is_one_sentence(release, tmp_path, words, says):
    lake = release.path.parents[1]
    where = ("--lake", lake, "--release", release.id, "--output", tmp_path / "p.json")
    done = wardrobe("sample", "predictions", *words, *where)
    assert is_one_sentence(done) and says in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_csv_files_of_the_other_data_sets_name_every_annotated_picture(lake, tmp_path):
    rows = {}
    for name, *words in (
        ("points", "landmarks", "--dataset", "fashionai", "--split", "train"),
        ("classes", "classification", "--dataset", "fashion-mnist", "--split", "test"),
    ):
        path = tmp_path / f"{name}.csv"
        done = wardrobe("sample", "predictions", *words, "--output", path, lake=lake)
        assert done.returncode == 0, done.stderr
        with path.open() as file:
            rows[name] = list(csv.DictReader(file))
    assert list(rows["points"][0]) == ["image_id", "image_category", *FASHIONAI_POINTS]
    assert len(rows["points"]) == 32 and rows["points"][0]["image_id"].startswith("Images/")
    assert list(rows["classes"][0]) == ["image_id", "category_id"]
    assert [int(row["image_id"]) for row in rows["classes"]] == list(range(len(rows["classes"])))
