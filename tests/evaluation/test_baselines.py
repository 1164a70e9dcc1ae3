"""Published scores: they name values that exist; the printed one is the one to compare with."""

from collections import Counter

import pyarrow as pa
import pytest

from flows.pipelines.evaluate import with_published
from schemas.baselines import BASELINES
from schemas.datasets import DATASETS
from schemas.scores import ALL, MODES, SCORES
from schemas.tasks import TASKS
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

VALUES = {
    ALL: (ALL,),
    "scale": SCALES,
    "occlusion": OCCLUSIONS,
    "zoom_in": ZOOMS,
    "viewpoint": VIEWPOINTS,
}


def printed(task: str, metric: str, attribute: str = ALL, value: str = ALL, **keys: str):
    """The baseline printed with a score, as (score, method), or None."""
    row = {
        **{"dataset": "deepfashion2", "split": "validation", "task": task, "metric": metric},
        **{"attribute": attribute, "value": value, "mode": None, "category": ALL, "score": 0.5},
        **{"count": 1, "skipped": 0, "missing": 0},
        **{"release": "r", "predictions_sha256": "0", "kernel": "sql"},
    }
    (shown,) = with_published(pa.Table.from_pylist([row | keys], SCORES)).to_pylist()
    return (shown["published"], shown["method"]) if "published" in shown else None


def test_baselines_name_data_sets_splits_tasks_and_values_that_exist():
    for baseline in BASELINES:
        assert baseline.split in DATASETS[baseline.dataset].splits
        assert baseline.task in TASKS and baseline.value in VALUES[baseline.attribute]
        assert 0 < baseline.score < 1 and baseline.method


def test_no_method_has_two_scores_of_a_metric():
    keys = Counter(
        (b.dataset, b.split, b.task, b.metric, b.attribute, b.value, b.category, b.method)
        for b in BASELINES
    )
    assert max(keys.values()) == 1


def test_every_cell_of_the_tables_is_there():
    cells = Counter(b.method.rpartition(", ")[2] for b in BASELINES if b.dataset == "deepfashion2")
    assert cells == {
        **{"Table 2": 3, "Table 3": 3 * 13, "Table 4": 6, "Table 5": 6 * 13, "Table 6": 3},
        **{"Table 7": 3 * 13, "Table 8": 5 * 5, "Table 9": 2 * 5 * (12 + 3)},
    }
    assert sum(b.dataset == "fashion-mnist" for b in BASELINES) == 28


@pytest.mark.parametrize(
    ("score", "method"),
    [
        (("detection", "AP"), (0.638, "Match R-CNN, Table 2")),
        (("detection", "AP50", "occlusion", "heavy"), (0.531, "Match R-CNN, Table 3")),
        (("landmarks", "AP_visible_occluded"), (0.529, "Match R-CNN, Table 4")),
        (
            ("landmarks", "AP75_visible", "viewpoint", "side_or_back"),
            (0.61, "Match R-CNN, Table 5"),
        ),
        (("segmentation", "AP75"), (0.754, "Match R-CNN, Table 6")),
        (("segmentation", "AP", "zoom_in", "no_zoom"), (0.701, "Match R-CNN, Table 7")),
        (("retrieval", "top-20"), (0.524, "Match R-CNN, class and keypoints, Table 8")),
        (
            ("retrieval", "top-20_identical_6", "scale", "modest"),
            (0.73, "Match R-CNN, class and keypoints, Table 9"),
        ),
        (
            ("retrieval", "top-1_truth_identical_6"),
            (0.268, "Match R-CNN, class and keypoints, Table 9"),
        ),
    ],
)
def test_the_repeatable_score_is_printed_and_subsets_have_that_of_the_paper(score, method):
    assert printed(*score) == method


def test_the_best_accuracy_and_the_best_place_are_printed():
    mnist = {"dataset": "fashion-mnist", "split": "test"}
    assert printed("classification", "accuracy", **mnist) == (0.967, "WRN40-4, 8.9M parameters")
    fashionai = {"dataset": "fashionai", "split": "test_a"}
    assert printed("landmarks", "NE", **fashionai) == (0.0382, "17th place of round 2")


def test_scores_without_a_published_one_have_no_column_for_it():
    assert printed("detection", "AR") is None


@pytest.mark.parametrize("mode", MODES)
def test_the_score_of_a_subset_is_next_to_both_modes_and_says_that_its_own_is_unknown(mode):
    shown = printed("detection", "AP", "scale", "small", mode=mode)
    assert shown == (0.604, "Match R-CNN, Table 3, mode unpublished")
