"""`wardrobe compare`: scores from details, differences, intervals; what it refuses."""

import shlex
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from command_line import wardrobe
from prediction_details import (
    class_details,
    coco_evaluation,
    generated_coco,
    point_details,
    precision_details,
    retrieval_details,
    write_details,
)

from flows.pipelines.compare import compare
from schemas.details import POINT_DETAILS, PRECISION_DETAILS
from schemas.scores import COMPARISON

DATASETS = {
    "detection": "deepfashion2",
    "retrieval": "deepfashion2",
    "landmarks": "fashionai",
    "classification": "fashion-mnist",
}


def evaluation_of(seed: int, noise: float = 0):
    """An evaluation by pycocotools of 40 images; `noise` moves the boxes of the detections."""
    truth, detections = generated_coco(3, images=40)
    random = np.random.default_rng(seed)
    for row in detections:
        row["bbox"] = (np.array(row["bbox"]) + random.normal(0, noise, 4)).tolist()
    return coco_evaluation(truth, detections)


def details_of(task: str, seed: int) -> pa.Table:
    builders = {
        "retrieval": retrieval_details,
        "landmarks": point_details,
        "classification": class_details,
    }
    if task == "detection":
        return precision_details(evaluation_of(seed, noise=seed))
    return builders[task](seed)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two files of details of each task."""
    folder = tmp_path_factory.mktemp("details")
    return {
        (task, seed): write_details(
            details_of(task, seed), folder / f"{task}{seed}.parquet", task, dataset
        )
        for task, dataset in DATASETS.items()
        for seed in (1, 2)
    }


def scores_by_name(rows: pa.Table, *, category: str = "all") -> dict[str, dict]:
    everything = (pc.field("attribute") == "all") & (pc.field("category") == category)
    return {row["metric"]: row for row in rows.filter(everything).to_pylist()}


def test_average_precision_equals_that_of_pycocotools(files):
    rows = scores_by_name(compare(files["detection", 1], files["detection", 2], samples=2).rows)
    for column, seed in (("score_a", 1), ("score_b", 2)):
        stats = evaluation_of(seed, noise=seed).stats
        expected = dict(zip(("AP", "AP50", "AP75"), stats[:3], strict=True))
        expected |= dict(zip(("AR1", "AR10", "AR100"), stats[6:9], strict=True))
        assert {name: row[column] for name, row in rows.items()} == pytest.approx(
            expected, abs=1e-12
        )


def test_means_equal_those_of_the_rows(files):
    queries = details_of("retrieval", 2).to_pylist()
    rows = compare(files["retrieval", 1], files["retrieval", 2], samples=2).rows.to_pylist()
    selections = {("all", "all", "all"), ("all", "all", "skirt"), ("scale", "large", "all")}
    compared = 0
    for row in rows:
        selection = (row["attribute"], row["value"], row["category"])
        if selection in selections:
            own = [
                query["rank"] is not None and query["rank"] <= int(row["metric"][4:])
                for query in queries
                if (selection[0] == "all" or query["scale"] == "large")
                and (selection[2] == "all" or query["category_id"] == 9)
            ]
            assert row["score_b"] == pytest.approx(np.mean(own), abs=1e-12)
            compared += 1
    assert compared == 15

    points = details_of("landmarks", 1).to_pylist()
    rows = compare(files["landmarks", 1], files["landmarks", 2], samples=2).rows
    dress = [point["error"] for point in points if point["category_id"] == 3]
    assert scores_by_name(rows, category="dress")["NE"]["score_a"] == pytest.approx(np.mean(dress))

    images = details_of("classification", 1)
    rows = compare(files["classification", 1], files["classification", 2], samples=2).rows
    is_right = pc.equal(images["category_id"], images["predicted_id"]).to_numpy()
    assert scores_by_name(rows)["accuracy"]["score_a"] == pytest.approx(is_right.mean())
    bags = scores_by_name(rows, category="Bag")
    for metric, column in (("precision", "predicted_id"), ("recall", "category_id")):
        expected = is_right[images[column].to_numpy() == 8].mean()
        assert bags[metric]["score_a"] == pytest.approx(expected)


def test_intervals_equal_those_of_a_plain_loop(files):
    errors = {}
    for seed in (1, 2):
        table = details_of("landmarks", seed)
        by_image = table.group_by("image_id").aggregate([("error", "sum"), ("error", "count")])
        errors[seed] = by_image.sort_by("image_id")
    random = np.random.default_rng(9)
    differences = []
    for _ in range(100):
        images = random.integers(40, size=40)
        means = [
            table["error_sum"].to_numpy()[images].sum()
            / table["error_count"].to_numpy()[images].sum()
            for table in errors.values()
        ]
        differences.append(means[1] - means[0])
    rows = compare(
        files["landmarks", 1], files["landmarks", 2], samples=100, seed=9, confidence=0.8
    ).rows
    row = scores_by_name(rows)["NE"]
    assert (row["low"], row["high"]) == pytest.approx(np.quantile(differences, (0.1, 0.9)))


@pytest.mark.parametrize("task", DATASETS)
def test_an_evaluation_does_not_differ_from_itself(files, task):
    rows = compare(files[task, 1], files[task, 1], samples=20).rows.to_pylist()
    assert rows
    for row in rows:
        defined = 0.0 if row["score_a"] is not None else None
        assert row["score_b"] == row["score_a"]
        assert (row["difference"], row["low"], row["high"]) == (defined,) * 3
        assert row["differs"] is (False if row["low"] is not None else None)


@pytest.mark.parametrize("task", DATASETS)
def test_a_seed_repeats_the_intervals_in_any_order_of_rows(files, task, tmp_path):
    rows = details_of(task, 2)
    rows = rows.take(np.random.default_rng(0).permutation(len(rows)))
    shuffled = write_details(rows, tmp_path / "b.parquet", task, DATASETS[task])
    first = compare(files[task, 1], files[task, 2], samples=20, seed=3).rows
    assert compare(files[task, 1], shuffled, samples=20, seed=3).rows.equals(first)
    assert not compare(files[task, 1], files[task, 2], samples=20, seed=4).rows.equals(first)
    assert first.schema.equals(COMPARISON)


def test_subsets_are_compared_one_by_one(files, tmp_path):
    tables = {
        subset: precision_details(evaluation_of(1), attribute="scale", value=subset, mode="removed")
        for subset in ("large", "small")
    }
    both = [details_of("detection", 1), tables["large"]]
    a, b = (
        write_details(pa.concat_tables(parts), tmp_path / name, "detection", "deepfashion2")
        for name, parts in (("a", [*both, tables["small"]]), ("b", both))
    )
    comparison = compare(a, b, samples=5)
    metrics = ("AP", "AP50", "AP75", "AR1", "AR10", "AR100")
    rows = comparison.rows.to_pylist()
    large = [row for row in rows if row["attribute"] == "scale"]
    assert [row["metric"] for row in large] == list(metrics)
    assert {(row["value"], row["mode"], row["category"]) for row in large} == {
        ("large", "removed", "all")
    }
    assert large[0]["score_a"] == pytest.approx(evaluation_of(1).stats[0], abs=1e-12)
    assert rows[:6] == compare(files["detection", 1], b, samples=5).rows.to_pylist()[:6]
    note = "B has no details of 1 subset: scale small removed; not compared"
    assert comparison.notes == (note,)


def test_a_subset_without_items_has_no_scores(tmp_path):
    rows = details_of("detection", 1).to_pylist()
    subset = {"attribute": "scale", "value": "small", "mode": "removed", "truths": 0}
    for row in rows[: len(rows) // 2]:
        detections = [detection | {"found": 0} for detection in row["detections"]]
        rows.append(row | subset | {"detections": detections})
    table = pa.Table.from_pylist(rows, PRECISION_DETAILS.schema)
    a = write_details(table, tmp_path / "a", "detection", "deepfashion2")
    small = compare(a, a, samples=3).rows.filter(pc.field("value") == "small").to_pylist()
    assert [row["metric"] for row in small] == ["AP", "AP50", "AP75", "AR1", "AR10", "AR100"]
    columns = ("score_a", "score_b", "difference", "low", "high", "differs")
    assert {row[column] for row in small for column in columns} == {None}
    assert {row["images"] for row in small} == {0}


def test_landmarks_have_their_own_recalls_and_names(tmp_path):
    evaluation = evaluation_of(1)
    evaluation.params.maxDets = [1, 10, 20]
    evaluation.evaluate()
    evaluation.accumulate()
    rows = precision_details(evaluation, landmarks="visible")
    a = write_details(rows, tmp_path / "a", "landmarks", "deepfashion2")
    scores = scores_by_name(compare(a, a, samples=2).rows)
    recall = evaluation.eval["recall"][:, :, 0, 2]
    assert {name: row["score_a"] for name, row in list(scores.items())[3:]} == pytest.approx(
        {
            "AR_visible": recall.mean(),
            "AR50_visible": recall[0].mean(),
            "AR75_visible": recall[5].mean(),
        },
        abs=1e-12,
    )
    assert list(scores)[:3] == ["AP_visible", "AP50_visible", "AP75_visible"]


def test_images_that_one_evaluation_lacks_are_left_out_with_a_note(files, tmp_path):
    rows = details_of("landmarks", 2).filter(pc.field("image_id") > 5)
    fewer = write_details(rows, tmp_path / "b.parquet", "landmarks", "fashionai")
    comparison = compare(files["landmarks", 1], fewer, samples=5)
    note = "5 images are scored in one of the files only: compared are the 35 images of both"
    assert comparison.notes == (note,)
    own = details_of("landmarks", 1).filter(pc.field("image_id") > 5)
    row = scores_by_name(comparison.rows)["NE"]
    assert row["score_a"] == pytest.approx(pc.mean(own["error"]).as_py())
    assert row["images"] == 35

    rows = details_of("classification", 2).to_pylist()
    rows[0]["predicted_id"] = None
    rows = pa.Table.from_pylist(rows, details_of("classification", 2).schema)
    fewer = write_details(rows, tmp_path / "c.parquet", "classification", "fashion-mnist")
    comparison = compare(files["classification", 1], fewer, samples=5)
    assert "compared are the 59 images of both" in comparison.notes[0]


def test_images_are_those_with_something_to_score(files):
    rows = compare(files["classification", 1], files["classification", 2], samples=2).rows
    tables = [details_of("classification", seed) for seed in (1, 2)]
    predicted = set()
    for table in tables:
        bags = table.filter(pc.field("predicted_id") == 8)
        predicted |= set(bags["image_id"].to_pylist())
    bags = scores_by_name(rows, category="Bag")
    assert bags["precision"]["images"] == len(predicted)
    annotated = tables[0].filter(pc.field("category_id") == 8)
    assert bags["recall"]["images"] == len(annotated) < 60
    assert scores_by_name(rows)["accuracy"]["images"] == 60


def test_means_that_differ_in_their_last_bit_do_not_differ(tmp_path):
    paths = []
    for name, errors in (("a", (0.1, 0.2, 0.3)), ("b", (0.3, 0.2, 0.1))):
        points = zip(("armpit_left", "armpit_right", "neckline_left"), errors, strict=True)
        rows = [
            {"image_id": 1, "category_id": 1, "landmark_name": point, "error": error}
            | {"normaliser": 100.0}
            for point, error in points
        ]
        table = pa.Table.from_pylist(rows, POINT_DETAILS.schema)
        paths.append(write_details(table, tmp_path / name, "landmarks", "fashionai"))
    row = compare(*paths, samples=10).rows.to_pylist()[0]
    assert row["score_a"] != row["score_b"]
    assert (row["difference"], row["low"], row["high"], row["differs"]) == (0, 0, 0, False)


@pytest.mark.slow
def test_the_file_is_written_when_the_reader_of_the_table_ends_early(files, tmp_path):
    a, output = files["classification", 1], tmp_path / "compared.csv"
    arguments = map(str, (sys.executable, "-m", "flows", "compare", a, a, "--output", output))
    subprocess.run(f"{shlex.join(arguments)} | true", shell=True, check=True)
    assert output.read_text().count("\n") == 22


def test_the_command_prints_a_table_and_writes_a_file(files, tmp_path):
    a, b, output = files["detection", 1], files["detection", 2], tmp_path / "compared.parquet"
    done = wardrobe("compare", a, b, "--samples", 20, "--seed", 5, "--output", output)
    assert done.returncode == 0, done.stderr
    header, _, first, *_ = done.stdout.splitlines()
    assert header.split() == [
        *("metric", "subset", "score_a", "score_b", "difference", "differs", "low", "high"),
        "images",
    ]
    assert first.split()[:2] == ["AP", "all"]
    assert "AR10     long sleeve top " in done.stdout
    assert pq.read_table(output).equals(compare(a, b, samples=20, seed=5).rows)
