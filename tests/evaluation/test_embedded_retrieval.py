"""Retrieval by embeddings: exact lists, judged as those of files; what is left out or refused."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from retrieval_reference import judge
from retrieval_release import SPLIT, write_truth
from retrieval_results import BOX, answer, query

from flows.pipelines.evaluate_retrieval import evaluate_retrieval
from flows.pipelines.evaluation import EvaluationInputs
from flows.pipelines.tables import open_release
from flows.warehouse import open_warehouse, run_query
from schemas.errors import InputError

FAR = (300.0, 300.0, 400.0, 400.0)


def embedded(path, keys, vectors, boxes=None):
    """A file of embeddings: (image_id, item_no) of each, its vector and perhaps its box."""
    image_ids, numbers = zip(*keys, strict=True)
    size = len(vectors[0])
    vectors = pa.array(np.asarray(vectors, np.float32).tolist(), pa.list_(pa.float32(), size))
    columns = {"image_id": image_ids, "item_no": numbers, "embedding": vectors}
    if boxes:
        columns["box"] = pa.array(boxes, pa.list_(pa.float64(), 4))
    pq.write_table(pa.table(columns), path)
    return path


def evaluated(folder, queries, gallery, *files, **options):
    """The result of files of embeddings for this truth."""
    with open_warehouse(
        write_truth(folder, queries, gallery), only=("images", "items"), threads=1
    ) as con:
        inputs = EvaluationInputs(con, "deepfashion2", SPLIT["split"], files, details=True)
        return evaluate_retrieval(inputs, embeddings=True, **options)


def outcomes(result):
    """Row, rank and outcome by image and item."""
    return {
        (row["image_id"], row["item_no"]): (row["row"], row["rank"], row["outcome"])
        for row in result.details.to_pylist()
    }


TRUTH = (
    [query(), query(image_id=2, style=2), query(image_id=3)],
    [answer(10), answer(11, style=2), answer(12, style=0)],
)
GALLERY = [(10, 1), (11, 1), (12, 1)]


def test_the_nearest_item_has_rank_1_and_boxes_are_those_of_the_truth(tmp_path):
    gallery = embedded(tmp_path / "g", GALLERY, np.eye(3))
    queries = embedded(tmp_path / "q", [(2, 1), (1, 1)], [[0.1, 0.2, 0.9], [0.9, 0.3, 0.1]])
    result = evaluated(tmp_path, *TRUTH, queries, gallery)
    assert outcomes(result) == {
        (1, 1): (2, 1, "hit"),
        (2, 1): (1, 2, "hit"),
        (3, 1): (None, None, "not detected"),
    }
    rows = {row["metric"]: row for row in result.scores.to_pylist()}
    assert rows["top-1_truth"]["score"] == 1 / 3 and rows["top-5_truth"]["score"] == 2 / 3
    assert rows["top-1_truth"]["missing"] == 1


@pytest.mark.parametrize(
    ("similarity", "ranks"), [("cosine", (1, 2)), ("dot", (2, 1)), ("euclidean", (2, 1))]
)
def test_the_similarity_decides(similarity, ranks, tmp_path):
    queries = embedded(tmp_path / "q", [(1, 1), (2, 1)], [[1, 0], [1, 0]])
    gallery = embedded(tmp_path / "g", GALLERY, [[0.1, 0], [0.9, 0.5], [-1, 0]])
    result = evaluated(tmp_path, *TRUTH, queries, gallery, similarity=similarity)
    found = outcomes(result)
    assert (found[1, 1][1], found[2, 1][1]) == ranks


def test_a_query_is_its_item_though_another_has_the_same_box(tmp_path):
    """By overlap both embeddings would be assigned to the first item of the document."""
    truth = [query(), query(style=2)], [answer(), answer(11, style=2)]
    keys = [(1, 1), (1, 2)]  # the second of the document is item 1
    queries = embedded(tmp_path / "q", keys, [[0, 1], [1, 0]])
    gallery = embedded(tmp_path / "g", GALLERY[:2], np.eye(2))
    assert {
        outcome[1] for outcome in outcomes(evaluated(tmp_path, *truth, queries, gallery)).values()
    } == {1}


def test_a_detected_box_of_the_gallery_is_judged_by_its_overlap(tmp_path):
    queries = embedded(tmp_path / "q", [(1, 1), (2, 1)], [[1, 0, 0], [0, 1, 0]])
    boxes = [FAR, [0, 0, 100, 60], BOX]
    gallery = embedded(tmp_path / "g", GALLERY, np.eye(3), boxes)
    result = evaluated(tmp_path, *TRUTH, queries, gallery)
    found = outcomes(result)
    assert found[1, 1] == (1, None, "gallery box too far")
    assert found[2, 1] == (2, 1, "hit")
    assert {row["metric"] for row in result.scores.to_pylist()} >= {"top-1", "top-20"}


def test_items_without_an_embedding_are_noted(tmp_path):
    queries = embedded(tmp_path / "q", [(1, 1)], [[1, 0]])
    gallery = embedded(tmp_path / "g", GALLERY[:1], [[1, 0]])
    result = evaluated(tmp_path, *TRUTH, queries, gallery)
    assert result.notes == ("2 of 3 items of shops have no embedding: no list can have them.",)


@pytest.mark.parametrize(
    ("side", "key", "sentence"),
    [
        ("q", (1, 2), "item 2 of image 1 is not an item of a consumer's photo of the split"),
        ("q", (10, 1), "item 1 of image 10 is not an item of a consumer's photo of the split"),
        ("g", (1, 1), "item 1 of image 1 is not an item of a shop's photo of the split"),
        ("g", (99, 1), "item 1 of image 99 is not an item of a shop's photo of the split"),
    ],
)
def test_an_item_that_the_split_does_not_have_is_refused(side, key, sentence, tmp_path):
    keys = {"q": [(1, 1)], "g": [(10, 1)]}
    keys[side] = [*keys[side], key]
    files = [embedded(tmp_path / name, own, [[1, 0]] * len(own)) for name, own in keys.items()]
    with pytest.raises(InputError) as refusal:
        evaluated(tmp_path, *TRUTH, *files)
    assert str(refusal.value) == f"{tmp_path / side}: row 2: $.item_no: {sentence}."


def test_vectors_of_different_sizes_are_refused(tmp_path):
    queries = embedded(tmp_path / "q", [(1, 1)], [[1, 0]])
    gallery = embedded(tmp_path / "g", [(10, 1)], [[1, 0, 0]])
    with pytest.raises(InputError, match=r"has 3 numbers, those of .*q have 2"):
        evaluated(tmp_path, *TRUTH, queries, gallery)


def test_outcomes_are_those_of_the_lists_of_a_plain_ranking(tmp_path):
    """Items of an image have different boxes, so that the authors' rule assigns each to itself."""
    rng = np.random.default_rng(5)
    corners = [(0.0, 0.0, 50.0, 50.0), (60.0, 60.0, 90.0, 90.0)]
    pairs = {"pair_id": 1}
    queries = [
        query(corners[n % 2], style=int(rng.integers(0, 6)), image_id=1 + n // 2) | pairs
        for n in range(60)
    ]
    gallery = [
        answer(100 + n // 2, corners[n % 2], style=int(rng.integers(0, 6))) for n in range(120)
    ]
    keys = [(1 + n // 2, 2 - n % 2) for n in range(60)]  # numbered against the document
    vectors = [rng.standard_normal((len(side), 8)) for side in (queries, gallery)]
    order = np.argsort(
        -(vectors[0] @ vectors[1].T) / np.linalg.norm(vectors[1], axis=1), axis=1, kind="stable"
    )[:, :20]
    records = [
        {
            "query_image_id": record["query_image_id"],
            "query_bbox": record["bbox"],
            "query_cls": record["cls"],
            "query_score": 1.0,
            "gallery_image_id": [gallery[place]["gallery_image_id"] for place in places],
            "gallery_bbox": [gallery[place]["bbox"] for place in places],
        }
        for record, places in zip(queries, order, strict=True)
    ]
    files = [
        embedded(tmp_path / "q", keys, vectors[0]),
        embedded(tmp_path / "g", [(100 + n // 2, 2 - n % 2) for n in range(120)], vectors[1]),
    ]
    expected = {keys[place]: judged for place, judged in judge(records, queries, gallery).items()}
    assert outcomes(evaluated(tmp_path, queries, gallery, *files)) == expected
    assert len({judged.rank for judged in expected.values()}) > 5


@pytest.mark.slow
def test_the_command_ranks_embeddings_and_names_both_files(lake, tmp_path):
    with open_warehouse(open_release(lake, None).tables()) as con:
        sides = [
            [row for row in run_query(con, name).to_pylist() if row["split"] == "train"]
            for name in ("retrieval_queries", "retrieval_gallery")
        ]
    files = [
        embedded(
            tmp_path / f"{number}.parquet",
            [(row["image_id"], row["item_no"]) for row in rows],
            [[row["pair_id"], row["style"], 1] for row in rows],
        )
        for number, rows in enumerate(sides)
    ]
    scores = tmp_path / "scores.json"
    words = ["--split", "train", "--lake", lake, "--similarity", "euclidean", "--output", scores]
    done = wardrobe("evaluate", "retrieval", "--embeddings", *files, *words)
    assert done.returncode == 0, done.stderr
    rows = {row["metric"]: row for row in json.loads(scores.read_text())}
    answered = sum(row["counterparts"] > 0 for row in sides[0])
    assert rows["top-1_truth"]["score"] == answered / len(sides[0]) > 0.5
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    assert rows["top-1_truth"]["predictions_sha256"] == digest
    done = wardrobe("evaluate", "retrieval", "--embeddings", *files, *words, "--boxes", "truth")
    assert is_one_sentence(done) and "--boxes is for --predictions" in done.stderr
