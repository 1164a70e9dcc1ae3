"""`wardrobe show --predictions`: predictions of COCO results over the truth of an image."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from PIL import Image
from pycocotools import mask as coco_mask
from scored_releases import BOXES, PREDICTED, SIZE, a_lake, write_predictions

from flows.lake import Lake
from flows.pipelines.predicted_items import predicted_items
from flows.warehouse import open_warehouse
from schemas.categories import category


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    return a_lake(tmp_path_factory.mktemp("shown"))


def items_of(lake: Path, task: str, path: Path, image_id: int = 1) -> dict:
    with open_warehouse(Lake(lake).release(None).tables()) as con:
        return predicted_items(con, task, "deepfashion2", "train", [path], {image_id})


def show(lake: Path, folder: Path, predictions: Path, *more: object, image_id: int = 1):
    words = ("show", "deepfashion2", "train", image_id, "-o", folder / "shown.png")
    return wardrobe(*words, "--predictions", predictions, *more, lake=lake)


def test_boxes_are_drawn_over_the_truth_and_counted(lake, tmp_path):
    """A picture of 64 x 80 is drawn 12 times as large; without predictions all else is the same."""
    pictures = []
    for records in (PREDICTED[:1], []):
        path = write_predictions(tmp_path / "boxes.json", records)
        done = show(lake, tmp_path, path)
        drawn = f"2 items, {len(records)} of {len(records)} prediction"
        assert done.stdout.startswith(f"{tmp_path / 'shown.png'}: {drawn}")
        with Image.open(tmp_path / "shown.png") as picture:
            pictures.append(np.asarray(picture)[: 12 * SIZE[1]].astype(int))
    changes = np.abs(pictures[0] - pictures[1]).sum(axis=2) > 30
    rows, columns = np.nonzero(changes)
    edges = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.array(edges) / 12 == pytest.approx(BOXES[0], abs=0.5)
    assert changes.mean() < 0.05


def test_predictions_below_a_score_are_counted_but_not_drawn(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    assert "2 of 3 predictions drawn" in show(lake, tmp_path, path).stdout
    assert "3 of 3 predictions drawn" in show(lake, tmp_path, path, "--min-score", "0").stdout
    assert "1 item, 0 of 0 predictions" in show(lake, tmp_path, path, image_id=2).stdout


def test_landmarks_are_those_of_the_category_in_both_forms(lake, tmp_path):
    """The places of the long list of 294 points are those of the authors' converter."""
    skirt = category("deepfashion2", 9)
    own = [number for k in range(skirt.landmarks) for number in (k + 1, 2 * k + 1, 1)]
    own[:3] = [0, 0, 0]  # not predicted
    long = [0.0] * 882
    for k, slot in enumerate(skirt.slots):
        long[3 * slot : 3 * slot + 3] = own[3 * k : 3 * k + 3]
    record = {"image_id": 1, "category_id": 9, "score": 0.5}
    records = [record | {"keypoints": numbers} for numbers in (own, long)]
    path = write_predictions(tmp_path / "landmarks.json", records)
    local, official = items_of(lake, "landmarks", path)[1]
    points = tuple((k + 1, 2 * k + 1) for k in range(1, skirt.landmarks))
    assert local.landmarks == official.landmarks == (None, *points)
    assert local.edges == skirt.edges and (local.row, official.row) == (1, 2)
    assert "2 of 2 predictions" in show(lake, tmp_path, path).stdout


def test_masks_are_drawn_as_their_outlines(lake, tmp_path):
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[20:50, 10:30] = 1
    mask[30:40, 15:20] = 0
    encoded = coco_mask.encode(np.asfortranarray(mask))
    rle = {"size": encoded["size"], "counts": encoded["counts"].decode()}
    record = {"image_id": 1, "category_id": 9, "score": 0.5, "segmentation": rle}
    path = write_predictions(tmp_path / "masks.json", [record])
    (item,) = items_of(lake, "segmentation", path)[1]
    assert item.extent == (10, 20, 30, 50)
    assert sorted(len(outline) for outline in item.outlines) == [5, 5]
    assert "1 of 1 prediction" in show(lake, tmp_path, path).stdout


def test_predictions_are_of_the_images_that_are_asked_for_and_by_falling_score(lake, tmp_path):
    records = [*reversed(PREDICTED), PREDICTED[0] | {"image_id": 2}]
    path = write_predictions(tmp_path / "boxes.json", records)
    assert [item.score for item in items_of(lake, "detection", path)[1]] == [0.9, 0.8, 0.25]
    assert items_of(lake, "detection", path, 2)[2][0].row == 4
    assert items_of(lake, "detection", path)[1][0].box == BOXES[0]


def test_parquet_is_drawn_as_json(lake, tmp_path):
    path = tmp_path / "boxes.parquet"
    rows = [row | {"bbox": [float(number) for number in row["bbox"]]} for row in PREDICTED]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert "2 of 3 predictions" in show(lake, tmp_path, path).stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "boxes.json"),
        (b"[{}]", "boxes.json"),
        (b"[" * 100_000, "boxes.json"),
        (b"\xff\xfe[]", "boxes.json"),
        (b"PAR1", "boxes.json"),
        (json.dumps([PREDICTED[0] | {"image_id": 99}]).encode(), "row 1"),
        (b'[{"query_image_id": 1, "query_bbox": [1, 2, 3, 4]}]', "results of retrieval"),
    ],
)
def test_bad_predictions_are_one_sentence(lake, tmp_path, content, message):
    path = tmp_path / "boxes.json"
    path.write_bytes(content)
    done = show(lake, tmp_path, path)
    assert is_one_sentence(done) and message in done.stderr
    assert not (tmp_path / "shown.png").exists()


def test_wrong_use_is_one_sentence(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    assert "leave out --pair" in show(lake, tmp_path, path, "--pair").stderr
    assert is_one_sentence(show(lake, tmp_path, tmp_path))
    assert is_one_sentence(show(lake, tmp_path, tmp_path / "absent.json"))
