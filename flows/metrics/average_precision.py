"""Average precision and recall by the COCO rules: annotations in, arrays and scores out.

The kernel is hotcoco, whose arrays equal those of pycocotools. Categories are independent of each
other: the arrays of all of them, joined, are those of one evaluation.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from flows.metrics.coco_records import Annotation
from schemas.errors import import_extra

IOU_TYPES = {"detection": "bbox", "landmarks": "keypoints", "segmentation": "segm"}
"""COCO's name of each task."""


def hotcoco() -> Any:
    """The library. MissingExtra when it is not installed."""
    return import_extra("hotcoco", "evaluate", "average precision needs hotcoco")


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Do not search for reference cycles: records are many small objects, and none has a cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Metric(NamedTuple):
    """A mean over thresholds and categories: of precision or recall, at an area and a limit.

    `threshold` and `limit` are places in COCO's ten thresholds and its numbers of detections.
    """

    name: str
    kind: str
    threshold: int | None
    area: str
    limit: int = -1


class CurveArrays(NamedTuple):
    """What COCO accumulates, -1 without items: `precision` and `scores` are (thresholds,
    101 recall points, categories, areas, limits of detections), `recall` lacks the second axis."""

    precision: np.ndarray
    recall: np.ndarray
    scores: np.ndarray


class Kernel:
    """COCO's rules of a task. `areas` has the range of each name, both ends included."""

    def __init__(self, task: str) -> None:
        self.iou_type = IOU_TYPES[task]
        params = hotcoco().Params(self.iou_type)
        self.areas = dict(zip(params.area_rng_lbl, params.area_rng, strict=True))
        self.limits = params.max_dets
        self.metrics = tuple(self._metrics())

    def _metrics(self) -> Iterator[Metric]:
        sizes = [area for area in self.areas if area != "all"]
        counts = [(f"AR{limit}", None, place) for place, limit in enumerate(self.limits)]
        recalls = [("AR", None, -1), ("AR50", 0, -1), ("AR75", 5, -1)]
        for name, threshold in (("AP", None), ("AP50", 0), ("AP75", 5)):
            yield Metric(name, "precision", threshold, "all")
        for area in sizes:
            yield Metric(f"AP_{area}", "precision", None, area)
        for name, threshold, limit in recalls if self.iou_type == "keypoints" else counts:
            yield Metric(name, "recall", threshold, "all", limit)
        for area in sizes:
            yield Metric(f"AR_{area}", "recall", None, area)

    def data_set(self, records: Sequence[Annotation], images: Sequence[int], category: int) -> Any:
        """Records of one category in these images, as `arrays` and `matches` take them."""
        content = {
            "images": [{"id": image} for image in images],
            "annotations": records,
            "categories": [{"id": category, "name": str(category)}],
        }
        return hotcoco().COCO(content)

    def arrays(self, truth: Any, detections: Any, sigmas: np.ndarray | None) -> CurveArrays:
        """The arrays of one category."""
        evaluator = self._evaluator(truth, detections, sigmas)
        evaluator.evaluate()
        evaluator.accumulate()
        return CurveArrays(*(evaluator.eval[name] for name in CurveArrays._fields))

    def matches(
        self, truth: Any, detections: Any, sigmas: np.ndarray | None
    ) -> list[dict[str, Any]]:
        """COCO's record of each image with items or detections: what matches, areas of any size.

        It has the best detections of the image, as many as the largest of `limits`.
        """
        evaluator = self._evaluator(truth, detections, sigmas)
        evaluator.params.area_rng = [self.areas["all"]]
        evaluator.params.area_rng_lbl = ["all"]
        evaluator.evaluate()
        return [image for image in evaluator.eval_imgs if image]

    def _evaluator(self, truth: Any, detections: Any, sigmas: np.ndarray | None) -> Any:
        evaluator = hotcoco().COCOeval(truth, detections, self.iou_type)
        if sigmas is not None:
            evaluator.params.kpt_oks_sigmas = sigmas.tolist()
        return evaluator

    def score(self, metric: Metric, arrays: CurveArrays) -> float | None:
        """The mean of a metric over the categories of these arrays; None without any item."""
        values = getattr(arrays, metric.kind)[
            ..., list(self.areas).index(metric.area), metric.limit
        ]
        if metric.threshold is not None:
            values = values[metric.threshold]
        values = values[values > -1]
        return float(np.mean(values)) if len(values) else None

    def counted(self, areas: np.ndarray, counts: np.ndarray) -> dict[str, int]:
        """How many items of these areas count in each range; `counts` says which may."""
        return {
            name: int(np.count_nonzero(counts & (low <= areas) & (areas <= high)))
            for name, (low, high) in self.areas.items()
        }


def join_categories(arrays: Sequence[CurveArrays]) -> CurveArrays:
    """The arrays of several categories as those of one evaluation."""
    return CurveArrays(
        np.concatenate([array.precision for array in arrays], axis=2),
        np.concatenate([array.recall for array in arrays], axis=1),
        np.concatenate([array.scores for array in arrays], axis=2),
    )
