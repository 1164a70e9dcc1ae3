"""`wardrobe compare` of evaluations: from details alone, the scores that `evaluate` gives."""

import json

import pytest
from builders import tables_of
from releases import write_files

pytest.importorskip("hotcoco")

from coco_predictions import predictions
from precision_runs import SPLIT, documents_to_score
from prediction_details import write_details

from flows.metrics.average_precision import IOU_TYPES
from flows.pipelines.compare import compare
from flows.pipelines.evaluate_precision import evaluate_precision
from flows.pipelines.evaluation import EvaluationInputs
from flows.warehouse import open_warehouse

pytestmark = pytest.mark.slow

SELECTION = ("metric", "attribute", "value", "mode", "category")


@pytest.fixture(scope="module")
def documents():
    return documents_to_score()


@pytest.fixture(scope="module")
def files(tmp_path_factory, documents):
    return write_files(tmp_path_factory.mktemp("scored"), **tables_of(documents, SPLIT))


@pytest.mark.parametrize("task", IOU_TYPES)
def test_average_precision_is_that_of_the_evaluations(task, documents, files, tmp_path):
    scores, details = {}, {}
    for name, kind in (("a", "noisy"), ("b", "ties")):
        results = tmp_path / f"{name}.json"
        results.write_text(json.dumps(predictions(documents, task, kind)))
        by = ("scale", "viewpoint", "category")
        with open_warehouse(files, threads=1) as warehouse:
            inputs = EvaluationInputs(
                warehouse, "deepfashion2", SPLIT, [results], by=by, details=True
            )
            result = evaluate_precision(inputs, task=task)
        scores[name] = {
            tuple(row[column] for column in SELECTION): row["score"]
            for row in result.scores.to_pylist()
        }
        details[name] = write_details(result.details, tmp_path / name, task, "deepfashion2")
    comparison = compare(details["a"], details["b"], samples=3)
    assert comparison.notes == ()
    keys = []
    for row in comparison.rows.to_pylist():
        keys.append(key := tuple(row[column] for column in SELECTION))
        assert row["score_a"] == pytest.approx(scores["a"][key], abs=1e-12)
        assert row["score_b"] == pytest.approx(scores["b"][key], abs=1e-12)
    sizes = ("_small", "_medium", "_large")
    expected = {
        key
        for key, score in scores["a"].items()
        if score is not None and not any(size in key[0] for size in sizes)
    }
    assert set(keys) == expected
    assert len(keys) == len(expected)
