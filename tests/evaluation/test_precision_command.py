"""`wardrobe evaluate detection|landmarks|segmentation` on small releases."""

import json
from collections import defaultdict
from inspect import signature
from typing import get_args

import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from releases import image, item, write_release

from flows.cli.evaluate import evaluate as commands
from flows.pipelines.evaluate import EVALUATORS
from flows.pipelines.evaluate import evaluate as evaluate_files
from schemas.details import PRECISION_DETAILS
from schemas.errors import InputError

RECORDS = [
    {"image_id": 1, "category_id": 9, "score": 0.9, "bbox": [8, 12, 32, 48]},
    {"image_id": 1, "category_id": 8, "score": 0.8, "bbox": [8, 12, 32, 48]},
    {"image_id": 2, "category_id": 9, "score": 0.7, "bbox": [8, 12, 32, 48]},
]


@pytest.fixture
def release(tmp_path):
    """Three images: a small and a large skirt, a large pair of trousers; one is unlabelled."""
    images = [
        image(1, item(9, scale="small", occlusion="heavy")),
        image(2, item(9, scale="large", landmarks=[(0, 0, 0)] * 8)),
        image(3, item(8, scale="large")),
    ]
    return write_release(tmp_path, images, pictures="none")


@pytest.fixture
def evaluate(release, tmp_path):
    """Run a task on records: the rows of scores by metric, value, mode and category."""

    def evaluate(task, records, *options):
        path, output = tmp_path / "predictions.json", tmp_path / "scores.json"
        path.write_text(json.dumps(records))
        run = wardrobe("evaluate", task, "--split", "train", "--predictions", path, "--release",
            release.name, "-o", output, *options, lake=release.parents[1])  # fmt: skip
        assert (run.returncode, run.stderr) == (0, "")
        rows = json.loads(output.read_text())
        keys = ("metric", "value", "mode", "category")
        return {tuple(row[name] for name in keys): row for row in rows}

    return evaluate


def test_scores_are_over_all_items_and_by_value_in_both_modes(evaluate):
    scores = evaluate("detection", RECORDS, "--by", "scale")
    assert {key[1:3] for key in scores} == {
        ("all", None),
        *((word, mode) for word in ("small", "modest", "large") for mode in ("ignored", "removed")),
    }
    everything = scores["AP", "all", None, "all"]
    assert (everything["score"], everything["count"], everything["skipped"]) == (0.5, 3, 0)
    assert everything["missing"] == 1  # image 3
    assert everything["kernel"].startswith("hotcoco ")
    # Of skirts: the detection of the small one comes first, that of the large one is false.
    ignored, removed = (scores["AP", "large", mode, "all"] for mode in ("ignored", "removed"))
    assert ignored["score"] == pytest.approx(0.5)
    assert removed["score"] == pytest.approx(0.25)
    assert (ignored["count"], ignored["skipped"]) == (2, 1)
    assert (removed["count"], removed["skipped"]) == (2, 0)
    assert scores["AP", "modest", "ignored", "all"]["score"] is None
    area = scores["AP_medium", "all", None, "all"]
    assert (area["score"], area["count"], area["skipped"]) == (0.5, 3, 0)
    assert scores["AP_large", "all", None, "all"]["skipped"] == 3


def test_a_mode_and_categories_may_be_chosen(evaluate):
    scores = evaluate("detection", RECORDS, "--by", "category,occlusion", "--mode", "removed")
    assert {key[2] for key in scores} == {None, "removed"}
    assert len({key[3] for key in scores}) == 14
    assert scores["AP", "all", None, "skirt"]["score"] == 1
    assert scores["AP", "all", None, "trousers"]["score"] == 0
    assert scores["AP", "all", None, "vest"]["score"] is None


def test_items_without_a_landmark_that_counts_are_skipped(evaluate):
    points = [value for k in range(8) for value in (8.0 + k, 12.0 + k, 1)]
    records = [
        {"image_id": number, "category_id": 9, "score": 0.5, "keypoints": points}
        for number in (1, 2)
    ]
    scores = evaluate("landmarks", records)
    assert len(scores) == 20
    row = scores["AP_visible", "all", None, "all"]
    assert (row["score"], row["count"], row["skipped"]) == (pytest.approx(0.5), 2, 1)


def test_numbers_of_any_size_are_scored_without_a_warning(evaluate):
    huge = [1e308, -1e308, 1.0, -1e308, 1e308, 1.0]
    box = {"image_id": 1, "category_id": 9, "score": 1e308, "bbox": [-1e308, 1e308, 1e308, 1e308]}
    assert evaluate("detection", [box])["AP", "all", None, "all"]["score"] == 0
    points = [{**RECORDS[0], "image_id": number, "keypoints": huge * 4} for number in (1, 2)]
    assert evaluate("landmarks", points)["AP_visible", "all", None, "all"]["score"] == 0


def test_details_are_written_when_asked_for(evaluate, tmp_path):
    mask = {"size": [80, 64], "counts": [8 * 80 + 12, 48, 32, 48, 80 * 64 - 780]}
    records = [{"image_id": 1, "category_id": 9, "score": 0.5, "segmentation": mask}]
    evaluate("segmentation", records, "--details", tmp_path / "details.parquet")
    details = pq.read_table(tmp_path / "details.parquet")
    assert details.schema.equals(PRECISION_DETAILS.schema)
    assert json.loads(details.schema.metadata[b"wardrobe"])["task"] == "segmentation"
    keys = [(row["image_id"], row["category_id"], row["missed"]) for row in details.to_pylist()]
    assert keys == [(3, 8, [1]), (1, 9, [1]), (2, 9, [1])]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--by", "scael"], "detection of deepfashion2 is not scored by 'scael': did you mean sc"),
        (["--mode", "both ways"], "'--mode': 'both ways' is not one of 'both', 'ignored'"),
        (["--dataset", "fashion-mnist"], "'fashion-mnist' is not one of 'deepfashion2'"),
    ],
)
def test_wrong_use_is_one_sentence(release, tmp_path, options, sentence):
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(RECORDS))
    run = wardrobe("evaluate", "detection", "--split", "train", "--predictions", path, "--release",
        release.name, *options, lake=release.parents[1])  # fmt: skip
    assert run.returncode == 2
    assert sentence in run.stderr and run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"score": None}, "row 1: the record: object missing required field `score`."),
        ({"bbox": [1, "2"]}, "row 1: bbox[1]: expected `float`, got `str`."),
    ],
)
def test_a_broken_record_is_named_by_its_field(release, tmp_path, change, sentence):
    record = {name: value for name, value in (RECORDS[0] | change).items() if value is not None}
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps([record]))
    run = wardrobe("evaluate", "detection", "--split", "train", "--predictions", path, "--release",
        release.name, lake=release.parents[1])  # fmt: skip
    assert (run.returncode, run.stderr) == (2, f"wardrobe: {path}: {sentence}\n")


def test_a_command_offers_the_data_sets_that_its_task_is_scored_for():
    offered = {}
    for command in commands.registered_commands:
        name = command.callback.__name__
        choice = signature(command.callback).parameters["dataset"].annotation
        offered[name] = {*get_args(get_args(choice)[0])}
    scored = defaultdict(set)
    for task, dataset in EVALUATORS:
        scored[task].add(dataset)
    assert offered == scored


def test_a_split_without_annotations_says_where_annotated_ones_are_counted(tmp_path):
    release = write_release(tmp_path, [image(1, annotated=False)], pictures="none")
    path = tmp_path / "boxes.json"
    path.write_text("[]")
    words = ["--split", "train", "--predictions", path, "--release", release.name]
    run = wardrobe("evaluate", "detection", *words, lake=release.parents[1])
    assert (run.returncode, run.stderr) == (
        2,
        "wardrobe: no image of deepfashion2 train is annotated; `wardrobe query split_totals` "
        "counts the annotated images of each split.\n",
    )


def test_masks_need_the_sizes_of_pictures(tmp_path):
    images = [image(1, item(9)), image(2, item(9), width=None, height=None)]
    release = write_release(tmp_path, images, pictures="none")
    path = tmp_path / "masks.json"
    path.write_text("[]")
    words = ["--split", "train", "--predictions", path, "--release", release.name]
    run = wardrobe("evaluate", "segmentation", *words, lake=release.parents[1])
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        "wardrobe: masks need the size of every image, but 1 of 2 annotated images of "
        "deepfashion2 train have none: ingest the pictures as well.\n"
    )
    run = wardrobe("evaluate", "detection", *words, lake=release.parents[1])
    assert run.returncode == 0


def test_a_file_that_changes_during_the_evaluation_has_no_scores(release, tmp_path):
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(RECORDS))
    of_split = {"task": "detection", "dataset": "deepfashion2", "split": "train"}
    with pytest.raises(InputError, match="was changed while it was read"):
        evaluate_files(
            release.parents[1], release.name, **of_split, predictions=[path],
            on_progress=lambda *_: path.write_text("[]"),
        )  # fmt: skip
