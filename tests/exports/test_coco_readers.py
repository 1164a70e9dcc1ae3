"""What other people's readers make of our COCO files."""

import json
import os
import subprocess

import numpy as np
import pytest
from builders import items_of, made_up_documents, tables_of
from coco_text import coco_text
from releases import write_files

from flows.exports.coco.layout import CocoOptions
from schemas.categories import CATEGORIES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def documents():
    documents = made_up_documents(5, images=6)
    for document in documents.values():
        for _, item in items_of(document):
            item["segmentation"] = item["segmentation"] or [[10, 10, 60, 10, 60, 60, 10, 60]]
    return documents


@pytest.fixture(scope="module", params=["official", "local"])
def path(request, tmp_path_factory, documents):
    folder = tmp_path_factory.mktemp("coco")
    files = write_files(folder / "lake", **tables_of(documents))
    (folder / "train.json").write_bytes(coco_text(files, CocoOptions(layout=request.param)))
    return folder / "train.json"


# pycocotools 2.0.11 was made for an older numpy's way of copying.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_indexes_boxes_masks_and_keypoints(path, documents):
    pycocotools = pytest.importorskip("pycocotools.coco")
    coco = pycocotools.COCO(str(path))
    assert len(coco.getImgIds()) == len(documents)
    items = [item for document in documents.values() for _, item in items_of(document)]
    assert len(coco.getAnnIds()) == len(items)
    assert {category["id"] for category in coco.loadCats(coco.getCatIds())} == set(range(1, 14))
    assert all(coco.annToMask(record).any() for record in coco.loadAnns(coco.getAnnIds()))


def test_hotcoco_loads_the_same_images_and_annotations(path, documents):
    hotcoco = pytest.importorskip("hotcoco")
    coco = hotcoco.COCO(str(path))
    file = json.loads(path.read_text())
    assert sorted(coco.get_img_ids()) == sorted(documents)
    loaded = {record["id"]: record["bbox"] for record in coco.load_anns(coco.get_ann_ids())}
    assert loaded == {record["id"]: record["bbox"] for record in file["annotations"]}


@pytest.mark.parametrize(
    ("image_id", "shift", "both", "visible"),
    [
        (264, 5, 0.988486, 0.988741),
        (264, 10, 0.955942, 0.956716),
        (264, 20, 0.850216, 0.850513),
        (265, 5, 0.985275, 0.984825),
        (265, 10, 0.944517, 0.942666),
        (265, 20, 0.820318, 0.813223),
    ],
)
def test_pycocotools_with_our_sigmas_gives_the_oks_of_shifted_points(
    tmp_path, real_data, image_id, shift, both, visible
):
    """The numbers were computed apart from this project for the published two-image sample."""
    pycocotools = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    published = real_data / "deepfashion2/coco/train_000264_000265_coco.json"
    truth = json.loads(published.read_text())
    (record,) = (r for r in truth["annotations"] if r["image_id"] == image_id)
    for expected, least in ((both, 1), (visible, 2)):
        kept = np.array(record["keypoints"]).reshape(-1, 3)
        kept[kept[:, 2] < least] = 0
        moved = kept + np.array([shift, 0, 0])
        file = truth | {
            "annotations": [
                record
                | {"keypoints": kept.ravel().tolist(), "num_keypoints": int((kept > 0).any())}
            ]
        }
        path = tmp_path / f"truth-{least}.json"
        path.write_text(json.dumps(file | {"info": {}, "licenses": []}))
        coco = pycocotools.COCO(str(path))
        predicted = coco.loadRes(
            [
                {
                    "image_id": image_id,
                    "category_id": record["category_id"],
                    "keypoints": moved.ravel().tolist(),
                    "score": 1.0,
                }
            ]
        )
        judge = cocoeval.COCOeval(coco, predicted, "keypoints")
        sigmas = [sigma for category in CATEGORIES["deepfashion2"] for sigma in category.sigmas]
        judge.params.kpt_oks_sigmas = np.array(sigmas)
        judge._prepare()
        oks = judge.computeOks(image_id, record["category_id"])
        assert float(oks[0, 0]) == pytest.approx(expected, abs=1e-6)


DATUMARO = """
import sys
from datumaro.components.dataset import Dataset
read = Dataset.import_from(sys.argv[1], sys.argv[2])
print(len(read), sum(len(item.annotations) > 0 for item in read))
"""
# Only FiftyOne's parser: its data sets need its database.
FIFTYONE = """
import sys
import fiftyone.utils.coco as reader
info, classes, _, images, annotations = reader.load_coco_detection_annotations(
    sys.argv[1] + "/annotations/" + sys.argv[2].removeprefix("coco_") + "_train.json",
    extra_attrs=True,
)
record = next(iter(annotations.values()))[0]
sizes = images[record.image_id]["width"], images[record.image_id]["height"]
record.to_detection(sizes, classes_map=classes if isinstance(classes, dict) else None)
print(len(images), sum(map(len, annotations.values())))
"""


@pytest.mark.parametrize(
    ("reader", "program", "kind"),
    [
        ("DATUMARO", DATUMARO, "coco_instances"),
        ("DATUMARO", DATUMARO, "coco_person_keypoints"),
        ("FIFTYONE", FIFTYONE, "coco_instances"),
    ],
)
def test_other_readers_see_the_images_and_items(path, documents, tmp_path, reader, program, kind):
    """They need older libraries: $WARDROBE_DATUMARO_PYTHON is a Python that has Datumaro."""
    python = os.environ.get(f"WARDROBE_{reader}_PYTHON")
    if not python:
        pytest.skip(f"set WARDROBE_{reader}_PYTHON to a Python with {reader.lower()}")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images" / "train").mkdir(parents=True)  # Datumaro asks for the folder
    name = f"{kind.removeprefix('coco_')}_train.json"
    (tmp_path / "annotations" / name).write_bytes(path.read_bytes())
    command = [python, "-W", "ignore", "-c", program, tmp_path, kind]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    items = [len(items_of(document)) for document in documents.values()]
    count = sum(items) if reader == "FIFTYONE" else sum(number > 0 for number in items)
    assert read.stdout.split()[-2:] == [str(len(documents)), str(count)]
