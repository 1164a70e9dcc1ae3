"""Whole arrays of precision, recall and scores against pycocotools with the 294 constants."""

import numpy as np
import pytest
from builders import tables_of
from coco_oracle import evaluated, truth_of
from coco_predictions import ALL_LANDMARKS, KINDS, predictions
from precision_runs import documents_to_score, outcomes_of
from releases import write_files

from flows.metrics.average_precision import IOU_TYPES, CurveArrays, Kernel, join_categories
from flows.metrics.coco_records import Subset

pytestmark = [
    pytest.mark.slow,
    # pycocotools 2.0.11 was made for an older numpy's way of copying.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def documents():
    return documents_to_score()


@pytest.fixture(scope="module")
def files(tmp_path_factory, documents):
    return write_files(tmp_path_factory.mktemp("scored"), **tables_of(documents, "validation"))


@pytest.fixture(scope="module")
def truths(files):
    return {None: truth_of(files), "visible": truth_of(files, visible_only=True)}


def assert_same_arrays(arrays: CurveArrays, evaluator) -> None:
    for name in CurveArrays._fields:
        expected = evaluator.eval[name]
        assert np.array_equal(getattr(arrays, name), expected), name


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        *((task, kind) for task in IOU_TYPES for kind in KINDS if kind != ALL_LANDMARKS),
        ("landmarks", ALL_LANDMARKS),
    ],
)
def test_arrays_equal_those_of_pycocotools(task, kind, documents, files, truths):
    records = predictions(documents, task, kind)
    outcomes, _ = outcomes_of(files, task, records)
    kernel = Kernel(task)
    assert len(outcomes) == (2 if task == "landmarks" else 1)
    for (landmarks, _), group in outcomes.items():
        truth = truths["visible" if landmarks == "visible" else None]
        expected = evaluated(truth, records, kernel.iou_type)
        arrays = join_categories([outcome.arrays for outcome in group])
        assert_same_arrays(arrays, expected)
        scores = [kernel.score(metric, arrays) for metric in kernel.metrics]
        assert [-1 if score is None else score for score in scores] == expected.stats.tolist()
        assert (scores[0] > 0.9) == (kind == "perfect")


@pytest.mark.parametrize("task", ["detection", "landmarks"])
@pytest.mark.parametrize("mode", ["ignored", "removed"])
def test_subsets_equal_pycocotools_with_a_flag_for_each_item(task, mode, documents, files, truths):
    records = predictions(documents, task, "noisy")
    subsets = [
        Subset("scale", "small", mode),
        Subset("zoom_in", "large", mode),
        Subset("viewpoint", "no_wear", mode),
    ]
    outcomes, items = outcomes_of(files, task, records, subsets)
    for (landmarks, subset), group in outcomes.items():
        # Annotations are numbered from 1 in the order of the items.
        outside = set((np.flatnonzero(~subset.contains(items)) + 1).tolist())
        assert outside
        truth = truths["visible" if landmarks == "visible" else None]
        expected = evaluated(truth, records, Kernel(task).iou_type, outside, mode)
        assert_same_arrays(join_categories([outcome.arrays for outcome in group]), expected)
