"""From a source through a release into a COCO file: every number is the source's own."""

import json

import pytest

from flows.exports.coco.layout import CocoOptions
from flows.pipelines.export import export_coco


@pytest.mark.parametrize("split", ["train", "validation"])
def test_deepfashion2_documents_come_back_from_the_local_layout(release, sources, tmp_path, split):
    path = tmp_path / "split.json"
    options = CocoOptions(layout="local")
    counts = export_coco(release, "deepfashion2", split=split, output=path, options=options)
    file = json.loads(path.read_text())
    found = iter(file["annotations"])
    for source in sorted((sources / "deepfashion2" / split / "annos").glob("*.json")):
        document = json.loads(source.read_text())
        for key, item in document.items():
            if not key.startswith("item"):
                continue
            one = next(found)
            x1, y1, x2, y2 = item["bounding_box"]
            assert (one["image_id"], one["item_no"]) == (int(source.stem), int(key[4:]))
            assert one["bbox"] == [x1, y1, x2 - x1, y2 - y1]
            assert one["keypoints"] == item["landmarks"]
            assert one["segmentation"] == item["segmentation"]
            assert (one["pair_id"], one["style"]) == (document["pair_id"], item["style"])
    assert next(found, None) is None
    assert counts.annotations == len(file["annotations"]) > 0


def test_fashionai_cells_come_back_from_the_official_layout(release, sources, tmp_path):
    path = tmp_path / "train.json"
    export_coco(release, "fashionai", split="train", output=path, options=CocoOptions())
    file = json.loads(path.read_text())
    names = {one["id"]: one["file_name"] for one in file["images"]}
    found = {names[one["image_id"]]: one["keypoints"] for one in file["annotations"]}
    csv = next((sources / "fashionai/train/Annotations").glob("*.csv")).read_text().splitlines()
    coco_codes = {-1: 0, 0: 1, 1: 2}
    for line in csv[1:]:
        image, _, *cells = line.split(",")
        wanted = []
        for cell in cells:
            x, y, v = map(int, cell.rsplit("_", 2))
            wanted += [x if v >= 0 else 0, y if v >= 0 else 0, coco_codes[v]]
        assert found.pop(image) == wanted
    assert found == {}


def test_fashion_mnist_labels_come_back(release, tmp_path):
    path = tmp_path / "train.json"
    counts = export_coco(
        release, "fashion-mnist", split="train", output=path, options=CocoOptions()
    )
    file = json.loads(path.read_text())
    assert counts.images == counts.annotations == len(file["images"])
    assert {one["category_id"] for one in file["annotations"]} <= set(range(10))
