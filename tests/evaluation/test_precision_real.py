"""Real annotations and the authors' example files: OKS, areas of masks, and files that score."""

import json
from functools import partial

import hotcoco
import numpy as np
import pytest
from builders import tables_of
from coco_oracle import evaluated, truth_of
from coco_text import coco_file
from precision_runs import SPLIT, documents_to_score, outcomes_of
from releases import write_files

from flows.metrics.average_precision import IOU_TYPES
from flows.pipelines.evaluate_precision import evaluate_precision
from flows.pipelines.evaluation import EvaluationInputs
from flows.pipelines.precision_columns import read_items
from flows.warehouse import open_warehouse
from schemas.categories import category

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LONG_SLEEVE_DRESS = category("deepfashion2", 11)
OKS = {
    (264, "visible_occluded"): (0.988486, 0.955942, 0.850216),
    (264, "visible"): (0.988741, 0.956716, 0.850513),
    (265, "visible_occluded"): (0.985275, 0.944517, 0.820318),
    (265, "visible"): (0.984825, 0.942666, 0.813223),
}
"""Of landmarks shifted by 5, 10 and 20 pixels, by image: from the authors' evaluation code."""


@pytest.fixture(scope="module")
def documents(real_data):
    """Documents of images 264 and 265 from their COCO annotations, and of image 1."""
    folder = real_data / "deepfashion2"
    found = {1: json.loads((folder / "train/annos/000001.json").read_text())}
    found[1] |= {"width": 468, "height": 624}
    coco = json.loads((folder / "coco/train_000264_000265_coco.json").read_text())
    plain = {"scale": 3, "occlusion": 1, "zoom_in": 1, "viewpoint": 2}
    for record in coco["annotations"]:
        x, y, width, height = record["bbox"]
        landmarks = np.reshape(record["keypoints"], (-1, 3))[list(LONG_SLEEVE_DRESS.slots)]
        item = plain | {
            "bounding_box": [x, y, x + width, y + height],
            "category_id": 11,
            "category_name": LONG_SLEEVE_DRESS.name,
            "landmarks": landmarks.ravel().tolist(),
            "segmentation": record["segmentation"],
            "style": record["style"],
        }
        size = {"width": 750, "height": 750, "source": "shop", "pair_id": record["pair_id"]}
        found[record["image_id"]] = size | {"item1": item}
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory, documents):
    return write_files(tmp_path_factory.mktemp("real"), **tables_of(documents, SPLIT))


@pytest.mark.parametrize(("place", "shift"), [(0, 5), (1, 10), (2, 20)])
def test_oks_of_real_landmarks_is_that_of_the_authors(place, shift, documents, files):
    records = []
    for image_id in (264, 265):
        landmarks = np.reshape(documents[image_id]["item1"]["landmarks"], (-1, 3))
        landmarks = landmarks + np.array((shift, 0, 0))
        record = {"image_id": image_id, "category_id": 11, "score": 0.5}
        records.append(record | {"keypoints": landmarks.ravel().tolist()})
    outcomes, _ = outcomes_of(files, "landmarks", records, details=True)
    overlaps = {
        (row["image_id"], row["landmarks"]): round(row["detections"][0]["overlap"], 6)
        for group in outcomes.values()
        for row in group[LONG_SLEEVE_DRESS.category_id - 1].details.to_pylist()
    }
    assert overlaps == {key: values[place] for key, values in OKS.items()}


def test_areas_of_real_masks_are_unions_of_their_polygons(files):
    with open_warehouse(files) as con:
        _, items = read_items(EvaluationInputs(con, "deepfashion2", SPLIT, ()), "segmentation")
    areas = hotcoco.mask.area(items["segmentation"].tolist()).tolist()
    keys = zip(items["image_id"].tolist(), items["item_no"].tolist(), strict=True)
    assert dict(zip(keys, areas, strict=True)) == {
        (1, 1): 174830,
        (1, 2): 26975,
        (264, 1): 259178,
        (265, 1): 170689,
    }
    # The area of an item is that of its box for masks too, as the authors' converter writes it.
    written = coco_file(files, split=SPLIT)["annotations"]
    assert items["area"].tolist() == [record["area"] for record in written]


@pytest.fixture(scope="module")
def matching_truth(real_data):
    """A release for the example files, which are of images 1 to 5 of January 2019.

    Of these only the boxes of the retrieval lists are public: classes 13 and 5, where the examples
    say 1. So each image has the box of style 1 as category 1 and as its polygon, and the predicted
    landmarks moved by some pixels.
    """
    lists = real_data / "deepfashion2" / "retrieval_val_2019_01"
    boxes = {}
    for side in ("query", "gallery"):
        for record in json.loads((lists / f"{side}_gt.json").read_text()):
            if record[f"{side}_image_id"] <= 5 and record["style"] == 1:
                boxes[record[f"{side}_image_id"]] = record["bbox"]
    examples = real_data / "deepfashion2" / "example_results"
    keys, masks = (
        json.loads((examples / f"example_{name}_results.json").read_text())
        for name in ("keys", "segm")
    )
    documents = documents_to_score(images=5)
    for mark, mask in zip(keys, masks, strict=True):
        number, (height, width) = mark["image_id"], mask["segmentation"]["size"]
        x1, y1, x2, y2 = boxes[number]
        landmarks = np.reshape(mark["keypoints"], (-1, 3))[:25] + np.array((number, 0, 0))
        landmarks[:, 2] = 1 + np.arange(25) % 2
        item = {
            "bounding_box": boxes[number],
            "category_id": 1,
            "category_name": "short sleeve top",
            "landmarks": landmarks.ravel().tolist(),
            "segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]],
            **{"scale": 1, "occlusion": 1, "zoom_in": 1, "viewpoint": 2, "style": 1},
        }
        size = {"width": width, "height": height, "source": "user", "pair_id": 1}
        documents[number] = size | {"item1": item}
    return documents


@pytest.mark.parametrize(
    ("task", "name"), [("detection", "bbox"), ("landmarks", "keys"), ("segmentation", "segm")]
)
def test_the_example_files_score_as_pycocotools_says(
    task, name, matching_truth, real_data, tmp_path
):
    files = write_files(tmp_path, **tables_of(matching_truth, SPLIT))
    path = real_data / "deepfashion2" / "example_results" / f"example_{name}_results.json"
    with open_warehouse(files) as con:
        inputs = EvaluationInputs(con, "deepfashion2", SPLIT, [path])
        scores = evaluate_precision(inputs, task=task).scores.to_pylist()
    assert {(row["missing"], row["count"] + row["skipped"]) for row in scores} == {(0, 5)}
    evaluate = partial(evaluated, records=json.loads(path.read_text()), iou_type=IOU_TYPES[task])
    expected = [
        score
        for visible_only in ((True, False) if task == "landmarks" else (False,))
        for score in evaluate(truth_of(files, visible_only=visible_only)).stats.tolist()
    ]
    assert [-1 if row["score"] is None else row["score"] for row in scores] == expected
    assert expected[0] > 0
