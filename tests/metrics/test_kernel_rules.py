"""The kernel on records that a release cannot have: crowds and areas of their own; its metrics."""

import sys

import numpy as np
import pytest
from coco_oracle import SIGMAS, evaluated

from flows.metrics.average_precision import IOU_TYPES, CurveArrays, Kernel
from schemas.errors import MissingExtra

CATEGORY = 1


def annotations(task, seed, images=6):
    """Items of one category, some of them crowds, with areas that are not those of their boxes."""
    rng = np.random.default_rng(seed)
    records = []
    for number in range(4 * images):
        x, y, width, height = rng.uniform((0, 0, 20, 20), (200, 200, 120, 120)).tolist()
        points = np.column_stack((rng.uniform(0, 200, (294, 2)), rng.integers(0, 3, 294)))
        points[25:] = 0
        record = {
            "id": number + 1,
            "image_id": number % images + 1,
            "category_id": CATEGORY,
            "iscrowd": int(task != "landmarks" and number % 5 == 0),
            "area": float(rng.choice((500.0, 5000.0, 50000.0))),
            "bbox": [x, y, width, height],
        }
        if task == "landmarks":
            record |= {"keypoints": points.ravel().tolist()}
            record |= {"num_keypoints": int(np.count_nonzero(points[:, 2]))}
        records.append(record)
    return records


def detections(items, task, seed):
    """Three noisy copies of each item."""
    rng = np.random.default_rng(seed)
    records = []
    for item in items * 3:
        record = {"image_id": item["image_id"], "category_id": CATEGORY, "score": rng.random()}
        if task == "landmarks":
            noise = rng.normal(0, 5, 882) * np.tile((1, 1, 0), 294)
            record["keypoints"] = (np.array(item["keypoints"]) + noise).tolist()
        else:
            record["bbox"] = (np.array(item["bbox"]) + rng.normal(0, 8, 4)).clip(1).tolist()
        records.append(record)
    return records


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("task", ["detection", "landmarks"])
@pytest.mark.parametrize("seed", range(3))
def test_crowds_and_own_areas_count_as_pycocotools_counts_them(task, seed):
    kernel, items = Kernel(task), annotations(task, seed)
    records = detections(items, task, seed)
    images = sorted({item["image_id"] for item in items})
    truth = {"images": [{"id": image} for image in images], "annotations": items}
    expected = evaluated(truth | {"categories": [{"id": CATEGORY}]}, records, kernel.iou_type)
    loaded = expected.cocoDt.dataset["annotations"]
    arrays = kernel.arrays(
        kernel.data_set(items, images, CATEGORY),
        kernel.data_set(loaded, images, CATEGORY),
        SIGMAS if task == "landmarks" else None,
    )
    for name in CurveArrays._fields:
        assert np.array_equal(getattr(arrays, name), expected.eval[name])
    assert 0 < kernel.score(kernel.metrics[0], arrays) < 1


def test_metrics_have_the_names_of_coco():
    common = "AP AP50 AP75"
    box = f"{common} AP_small AP_medium AP_large AR1 AR10 AR100 AR_small AR_medium AR_large"
    points = f"{common} AP_medium AP_large AR AR50 AR75 AR_medium AR_large"
    names = {task: [metric.name for metric in Kernel(task).metrics] for task in IOU_TYPES}
    assert names == {
        "detection": box.split(),
        "landmarks": points.split(),
        "segmentation": box.split(),
    }


def test_without_hotcoco_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hotcoco", None)
    with pytest.raises(MissingExtra, match=r"`pip install '\.\[evaluate\]'`"):
        Kernel("detection")
