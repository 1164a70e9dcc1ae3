"""Scores of predicted categories: equal to a plain reference over the labels of the source."""

import gzip
import json
from collections import Counter

import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from hypothesis import given, settings
from hypothesis import strategies as st
from ingesting import ingested

from flows.pipelines.evaluate import evaluate
from flows.pipelines.sample import write_sample
from schemas.categories import CATEGORIES
from schemas.details import CLASS_DETAILS

pytestmark = pytest.mark.slow

NAMES = [category.name for category in CATEGORIES["fashion-mnist"]]


def labels_of(path) -> list[int]:
    """The labels of an IDX file, as numbers."""
    return list(gzip.decompress(path.read_bytes())[8:])


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A lake with a small sample, and the labels of its test split."""
    folder = tmp_path_factory.mktemp("fashion-mnist")
    write_sample("fashion-mnist", folder / "source", 120, 5)
    ingested("fashion-mnist", folder / "source", folder / "lake")
    (labels,) = (folder / "source").rglob("t10k-labels*")
    return folder / "lake", labels_of(labels)


def scores_of(lake, path, split="test", **more):
    return evaluate(
        lake,
        None,
        task="classification",
        dataset="fashion-mnist",
        split=split,
        predictions=[path],
        by=("category", "predicted"),
        **more,
    )


def share(hits: int, count: int) -> float | None:
    return hits / count if count else None


def reference(labels: list[int], predicted: dict[int, int]) -> dict:
    """(score, count, missing) by metric, category and predicted category."""
    pairs = Counter((labels[image_id], number) for image_id, number in predicted.items())
    hits = sum(count for (label, number), count in pairs.items() if label == number)
    lacking = Counter(
        labels[image_id] for image_id in range(len(labels)) if image_id not in predicted
    )
    total = len(predicted)
    expected = {("accuracy", "all", "all"): (share(hits, total), total, len(labels) - total)}
    for k, name in enumerate(NAMES):
        annotated = sum(count for (label, _), count in pairs.items() if label == k)
        answers = sum(count for (_, number), count in pairs.items() if number == k)
        missing = lacking[k]
        expected["recall", name, "all"] = (share(pairs[k, k], annotated), annotated, missing)
        expected["precision", name, "all"] = (share(pairs[k, k], answers), answers, missing)
        for other in range(10):
            if count := pairs[k, other]:
                key = "confusion", name, NAMES[other]
                expected[key] = (share(count, annotated), annotated, missing)
    return expected


@settings(max_examples=12)
@given(data=st.data())
def test_scores_are_those_of_a_plain_reference(release, tmp_path_factory, data):
    lake, labels = release
    image_ids = st.sampled_from(range(len(labels)))
    predicted = data.draw(st.dictionaries(image_ids, st.sampled_from(range(10)), max_size=80))
    path = tmp_path_factory.getbasetemp() / "classes.csv"
    path.write_text("\n".join(["image_id,category", *(f"{a},{b}" for a, b in predicted.items())]))
    scored = scores_of(lake, path, details=True)
    assert {
        (row["metric"], row["category"], row["value"]): (row["score"], row["count"], row["missing"])
        for row in scored.scores.to_pylist()
    } == reference(labels, predicted)
    assert scored.details.schema.equals(CLASS_DETAILS.schema)
    assert scored.details.to_pylist() == [
        {"image_id": number, "category_id": label, "predicted_id": predicted.get(number)}
        for number, label in enumerate(labels)
    ]


def test_what_is_printed_and_written(release, tmp_path):
    lake, labels = release
    path, details = tmp_path / "scores.csv", tmp_path / "details.parquet"
    header = ",".join(["image_id", *NAMES])
    rows = [[k, *(int(label == j) for j in range(10))] for k, label in enumerate(labels)][1:]
    rows[0] = [1, *[0] * 10]
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    words = ("--split", "test", "--predictions", path, "--details", details)
    done = wardrobe("evaluate", "classification", *words, lake=lake)
    assert done.returncode == 0, done.stderr
    title, _, numbers = (line.split() for line in done.stdout.splitlines())
    assert title == ["metric", "score", "published", "count", "skipped", "missing", "method"]
    correct = len(labels) - 1 - (labels[1] != 0)
    assert float(numbers[1]) == round(correct / (len(labels) - 1), 4)
    assert numbers[2:6] == ["0.967", str(len(labels) - 1), "0", "1"]
    assert done.stderr == (
        f"note: images without a prediction, not scored: 1 of {len(labels)}\n"
        "note: images with equal highest scores: 1; the lowest category number counts\n"
    )
    assert len(pq.read_table(details)) == len(labels)


def test_the_json_log_ends_with_the_scores_and_the_notes(release, tmp_path):
    lake, labels = release
    path = tmp_path / "classes.csv"
    path.write_text(f"image_id,category\n0,{labels[0]}\n")
    words = ("evaluate", "classification", "--split", "test", "--log-format", "json")
    done = wardrobe(*words, "--predictions", path, lake=lake)
    *_, last = (json.loads(line) for line in done.stderr.splitlines())
    assert (done.returncode, last["event"], last["outcome"]) == (0, "finished", "scored")
    (score,) = last["scores"]
    assert (score["metric"], score["score"], score["count"]) == ("accuracy", 1.0, 1)
    assert last["notes"] == [
        f"images without a prediction, not scored: {len(labels) - 1} of {len(labels)}"
    ]
    done = wardrobe(*words, "--predictions", tmp_path, lake=lake)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, json.loads(line)["outcome"]) == (2, "failed")


def test_a_broken_file_ends_with_exit_code_2(release, tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("image_id,category\n0,1\n1,Dres\n")
    words = ("evaluate", "classification", "--split", "test", "--predictions", path)
    done = wardrobe(*words, lake=release[0])
    assert is_one_sentence(done)
    assert done.stderr == (
        f"wardrobe: {path}: row 2: category: 'Dres' is not a category: did you mean Dress?.\n"
    )


def test_the_real_labels_have_the_class_counts_that_were_published(real_data, tmp_path):
    source = real_data / "fashion-mnist" / "subset"
    ingested("fashion-mnist", source, tmp_path / "lake")
    labels = labels_of(source / "train-labels-idx1-ubyte.gz")
    predicted = {k: label if k % 5 else (label + 1) % 10 for k, label in enumerate(labels)}
    path = tmp_path / "classes.csv"
    path.write_text("\n".join(["image_id,category", *(f"{a},{b}" for a, b in predicted.items())]))
    scored = scores_of(tmp_path / "lake", path, split="train").scores.to_pylist()
    rows = {(row["metric"], row["category"], row["value"]): row for row in scored}
    assert [rows["recall", name, "all"]["count"] for name in NAMES] == [
        335, 394, 357, 375, 357, 357, 362, 376, 342, 360
    ]  # fmt: skip
    assert rows["accuracy", "all", "all"]["score"] == 1 - 723 / 3615
    assert reference(labels, predicted) == {
        key: (row["score"], row["count"], row["missing"]) for key, row in rows.items()
    }
