"""pycocotools on a release: its COCO file and result records in, COCO's arrays out."""

import contextlib
import io
import json
from collections.abc import Collection
from typing import Any

import numpy as np
from builders import Row
from coco_text import coco_text
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from releases import Files

from flows.exports.coco.layout import CocoOptions
from schemas.categories import CATEGORIES

SIGMAS = np.array([s for category in CATEGORIES["deepfashion2"] for s in category.sigmas])


class SubsetEval(COCOeval):
    """Items outside a subset are ignored; the class itself overwrites `ignore` by `iscrowd`."""

    outside: Collection[int] = ()

    def _prepare(self) -> None:
        super()._prepare()
        for items in self._gts.values():
            for item in items:
                item["ignore"] = item["ignore"] or item["id"] in self.outside


def truth_of(files: Files, *, split: str = "validation", visible_only: bool = False) -> Row:
    """The content of the COCO file that an export of a release writes."""
    return json.loads(coco_text(files, CocoOptions(visible_only=visible_only), split=split))


def expanded(record: Row) -> Row:
    """A landmark record with the numbers of all 294 landmarks."""
    category = CATEGORIES["deepfashion2"][record["category_id"] - 1]
    if len(record["keypoints"]) == 882:
        return record
    keypoints = np.zeros((294, 3))
    keypoints[list(category.slots)] = np.reshape(record["keypoints"], (-1, 3))
    return {**record, "keypoints": keypoints.ravel().tolist()}


def evaluated(
    truth: Row,
    records: list[Any],
    iou_type: str,
    outside: Collection[int] = (),
    mode: str = "ignored",
) -> COCOeval:
    """pycocotools after `accumulate`. `outside` are ids of annotations outside a subset."""
    if mode == "removed":
        kept = [item for item in truth["annotations"] if item["id"] not in outside]
        truth = {**truth, "annotations": kept}
    if iou_type == "keypoints":
        records = [expanded(record) for record in records]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        detected = coco.loadRes(json.loads(json.dumps(records))) if records else COCO()
        if not records:
            detected.dataset = {**coco.dataset, "annotations": []}
            detected.createIndex()
        evaluator = SubsetEval(coco, detected, iou_type)
        evaluator.outside = outside if mode == "ignored" else ()
        if iou_type == "keypoints":
            evaluator.params.kpt_oks_sigmas = SIGMAS
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator
