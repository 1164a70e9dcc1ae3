"""From a source through a release into a COCO file: every number is the source's own."""

import json

import pytest

from flows.exports.coco.layout import CocoOptions
from flows.pipelines.export import export_coco

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("split", ["train", "validation"])
def test_deepfashion2_documents_come_back_from_the_local_layout(release, sources, tmp_path, split):
    path = tmp_path / "split.json"
    options = CocoOptions(layout="local")
    counts = export_coco(release, "deepfashion2", split=split, output=path, options=options)
    file = json.loads(path.read_text())
    records = iter(file["annotations"])
    for source in sorted((sources / "deepfashion2" / split / "annos").glob("*.json")):
        document = json.loads(source.read_text())
        for key, item in document.items():
            if not key.startswith("item"):
                continue
            record = next(records)
            x1, y1, x2, y2 = item["bounding_box"]
            assert (record["image_id"], record["item_no"]) == (int(source.stem), int(key[4:]))
            assert record["bbox"] == [x1, y1, x2 - x1, y2 - y1]
            assert record["keypoints"] == item["landmarks"]
            assert record["segmentation"] == item["segmentation"]
            assert (record["pair_id"], record["style"]) == (document["pair_id"], item["style"])
    assert next(records, None) is None
    assert counts.annotations == len(file["annotations"]) > 0


def test_fashionai_cells_come_back_from_the_official_layout(release, sources, tmp_path):
    path = tmp_path / "train.json"
    export_coco(release, "fashionai", split="train", output=path, options=CocoOptions())
    file = json.loads(path.read_text())
    names = {image["id"]: image["file_name"] for image in file["images"]}
    keypoints = {names[record["image_id"]]: record["keypoints"] for record in file["annotations"]}
    csv = next((sources / "fashionai/train/Annotations").glob("*.csv")).read_text().splitlines()
    coco_codes = {-1: 0, 0: 1, 1: 2}
    for line in csv[1:]:
        image, _, *cells = line.split(",")
        expected = []
        for cell in cells:
            x, y, v = map(int, cell.rsplit("_", 2))
            expected += [x if v >= 0 else 0, y if v >= 0 else 0, coco_codes[v]]
        assert keypoints.pop(image) == expected
    assert keypoints == {}


def test_fashion_mnist_labels_come_back(release, tmp_path):
    path = tmp_path / "train.json"
    counts = export_coco(
        release, "fashion-mnist", split="train", output=path, options=CocoOptions()
    )
    file = json.loads(path.read_text())
    assert counts.images == counts.annotations == len(file["images"])
    assert {record["category_id"] for record in file["annotations"]} <= set(range(10))
