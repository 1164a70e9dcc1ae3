"""Retrieval scores of result files: official sample, subsets, what is left out, refusals."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from retrieval_release import SPLIT, write_truth
from retrieval_results import BOX, answer, query, result

from flows.pipelines.evaluate_retrieval import RETRIEVAL_ATTRIBUTES, evaluate_retrieval
from flows.pipelines.evaluation import EvaluationInputs
from flows.pipelines.tables import open_release
from flows.warehouse import open_warehouse, run_query
from schemas.details import RETRIEVAL_DETAILS
from schemas.errors import InputError
from schemas.scores import TASK_SCORES

TROUSERS = 8
FAR = [300, 300, 400, 400]


def evaluated(folder, results, queries, gallery, images=None, by=(), **options):
    """The result of results in a file, or in the files of a list of paths."""
    files = write_truth(folder, queries, gallery, images)
    if isinstance(results[0], dict):
        path = folder / "results.json"
        path.write_text(json.dumps(results))
        results = [path]
    with open_warehouse(files, only=("images", "items"), threads=1) as con:
        inputs = EvaluationInputs(con, "deepfashion2", SPLIT["split"], results, by, details=True)
        return evaluate_retrieval(inputs, **options)


def scores_of(result, **subset):
    """Scores by metric, of the rows that have these values."""
    subset = {"attribute": "all", "value": "all", "category": "all"} | subset
    rows = [row for row in result.scores.to_pylist() if row | subset == row]
    assert len({row["metric"] for row in rows}) == len(rows)
    return {row["metric"]: row["score"] for row in rows}, rows[0] if rows else None


@pytest.mark.slow
def test_the_official_sample_has_the_scores_of_the_authors_script(real_data, tmp_path):
    folder = real_data / "deepfashion2"
    truth = folder / "retrieval_val_2019_01"
    queries, gallery = (
        json.loads((truth / f"{side}_gt.json").read_text()) for side in ("query", "gallery")
    )
    images = {
        source: [int(line[:6]) for line in (truth / f"list_{side}.txt").read_text().splitlines()]
        for source, side in (("user", "query"), ("shop", "gallery"))
    }
    sample = folder / "example_results" / "example_retrieval_results.json"
    result = evaluated(tmp_path, [sample], queries, gallery, images)
    metrics, row = scores_of(result)
    assert metrics == dict.fromkeys(("top-1", "top-5", "top-10", "top-15", "top-20"), 0.0)
    assert (row["count"], row["skipped"], len(result.details)) == (12_550, 3_202, 12_550)
    missed = [each for each in result.details.to_pylist() if each["image_id"] == 1]
    assert len(missed) == 2 and {each["rank"] for each in missed} == {None}
    # The others are in images without records: all that has an outcome is `not detected`.
    others = [each["outcome"] for each in result.details.to_pylist() if each["image_id"] != 1]
    assert others == ["not detected"] * 12_548
    assert row["missing"] == len({q["query_image_id"] for q in queries if q["style"] > 0}) - 1
    assert result.notes == (
        "0 of 5 records are judged, the others are for items that are not queries, have another "
        "category or a lower score.",
    )


def test_scores_are_shares_of_all_queries_at_each_k(tmp_path):
    queries = [query(image_id=number) for number in range(1, 9)]
    ranks = (1, 2, 5, 6, 15, 20)
    results = [
        result(image_id=number, listed=[(11, BOX)] * (rank - 1) + [(10, BOX)] * (21 - rank))
        for number, rank in enumerate(ranks, start=1)
    ]
    scored = evaluated(tmp_path, results, queries, [answer(), answer(11, style=2)])
    metrics, row = scores_of(scored)
    shares = {"top-1": 1, "top-5": 3, "top-10": 4, "top-15": 5, "top-20": 6}
    assert metrics == {metric: hits / 8 for metric, hits in shares.items()}
    assert (row["count"], row["skipped"], row["missing"]) == (8, 0, 2)
    assert scored.scores.schema == TASK_SCORES and scored.kernel == "sql"
    assert scored.details.schema.names == RETRIEVAL_DETAILS.schema.names
    found = [row["rank"] for row in scored.details.to_pylist()]
    assert found == [*ranks, None, None]
    assert scored.notes == ()


def test_each_value_of_an_attribute_of_the_query_has_its_scores(tmp_path):
    queries = [
        query(image_id=1, scale="small", viewpoint="no_wear"),
        query(image_id=2, scale="large", cls=TROUSERS),
        query(image_id=3, scale="large", style=0),
        query(image_id=4, scale="modest", style=0),
    ]
    results = [result(image_id=1), result(image_id=2)]
    by = RETRIEVAL_ATTRIBUTES
    scored = evaluated(tmp_path, results, queries, [answer()], by=by)
    for subset, score, count, skipped in (
        ({}, 0.5, 2, 2),
        ({"attribute": "scale", "value": "small"}, 1.0, 1, 0),
        ({"attribute": "scale", "value": "large"}, 0.0, 1, 1),
        ({"attribute": "scale", "value": "modest"}, None, 0, 1),
        ({"attribute": "occlusion", "value": "slight"}, 0.5, 2, 2),
        ({"attribute": "zoom_in", "value": "no_zoom"}, 0.5, 2, 2),
        ({"attribute": "viewpoint", "value": "no_wear"}, 1.0, 1, 0),
        ({"category": "skirt"}, 1.0, 1, 2),
        ({"category": "trousers"}, 0.0, 1, 0),
    ):
        metrics, row = scores_of(scored, **subset)
        assert metrics["top-20"] == score, subset
        assert (row["count"], row["skipped"]) == (count, skipped), subset
    assert scores_of(scored, category="vest") == ({}, None)
    orders = [row["value"] for row in scored.scores.to_pylist() if row["attribute"] == "scale"]
    assert list(dict.fromkeys(orders)) == ["small", "modest", "large"]


def test_more_than_five_identical_items_are_a_subset_with_metrics_of_its_name(tmp_path):
    gallery = [answer(number) for number in range(10, 16)] + [answer(20, style=2)]
    queries = [query(), query(image_id=2, style=2)]
    scored = evaluated(tmp_path, [result()], queries, gallery, min_identical=6)
    metrics, row = scores_of(scored)
    assert metrics["top-1_identical_6"] == 1.0 and len(metrics) == 5
    assert (row["count"], row["skipped"], row["missing"]) == (1, 1, 0)
    with pytest.raises(InputError, match=r"no queries for retrieval.* at least 7 counterparts"):
        evaluated(tmp_path / "none", [result()], queries, gallery, min_identical=7)


def test_queries_that_nothing_in_the_gallery_answers_are_noted_and_count(tmp_path):
    scored = evaluated(tmp_path, [result()], [query(style=2), query(image_id=2)], [answer()])
    assert scores_of(scored)[1]["count"] == 2
    assert scored.notes == (
        "1 of 2 queries have no item with their pair_id and style in the gallery: they count as "
        "missed, where the authors' script would end.",
    )


def test_boxes_of_the_truth_have_to_be_annotated(tmp_path):
    truth = [query(), query(FAR, style=0)], [answer(), answer(box=FAR, style=0)]
    near = [0.4, 0, 100, 99.6]
    scored = evaluated(tmp_path / "right", [result(near)], *truth, boxes="truth")
    assert scores_of(scored)[0] == dict.fromkeys(
        ("top-1_truth", "top-5_truth", "top-10_truth", "top-15_truth", "top-20_truth"), 1.0
    )
    detected = [result([0, 0, 100, 99])], [result(listed=[(10, BOX), (10, [0, 1, 100, 100])])]
    for number, results in enumerate(detected):
        folder = tmp_path / str(number)
        assert scores_of(evaluated(folder, results, *truth))[0]["top-1"] == 1.0
        with pytest.raises(InputError) as refusal:
            evaluated(folder / "truth", results, *truth, boxes="truth")
        field, image = (("$.query_bbox", 1), ("$.gallery_bbox[1]", 10))[number]
        assert str(refusal.value) == (
            f"{folder / 'truth' / 'results.json'}: row 1: {field}: is not the box of an item of "
            f"image {image} of deepfashion2 validation, as predictions on ground-truth boxes have."
        )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (result(image_id=7), "$.query_image_id: image 7 of deepfashion2 validation is not in the"),
        (result(image_id=10), "$.query_image_id: image 10 of .* is not a consumer's photo"),
        (result(listed=[(10, BOX), (7, BOX)]), r"$.gallery_image_id\[1\]: image 7 .* is not in"),
        (result(listed=[(1, BOX)]), r"$.gallery_image_id\[0\]: image 1 .* is not a shop's photo"),
    ],
)
def test_images_that_cannot_be_judged_are_refused_with_file_and_row(tmp_path, wrong, sentence):
    paths = []
    for name, records in (("a", [result(), result()]), ("b", [result(), wrong, wrong])):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(records))
    pattern = rf"b\.json: row 4: \{sentence}"
    with pytest.raises(InputError, match=pattern):
        evaluated(tmp_path, paths, [query()], [answer()])


@pytest.mark.slow
def test_the_command_scores_results_and_writes_details(lake, tmp_path):
    with open_warehouse(open_release(lake, None).tables()) as con:
        queries, gallery = (
            [row for row in run_query(con, name).to_pylist() if row["split"] == "train"]
            for name in ("retrieval_queries", "retrieval_gallery")
        )
    answers = {(row["pair_id"], row["style"]): row for row in gallery}
    results = []
    for row in queries:
        listed = answers.get((row["pair_id"], row["style"]), gallery[0])
        results.append(
            result(
                [row[edge] for edge in ("x1", "y1", "x2", "y2")],
                row["category_id"],
                listed=[(listed["image_id"], [listed[edge] for edge in ("x1", "y1", "x2", "y2")])],
                image_id=row["image_id"],
            )
        )
    path, details = tmp_path / "results.parquet", tmp_path / "details.parquet"
    pq.write_table(pa.Table.from_pylist(results), path)
    words = ["--split", "train", "--lake", lake, "--boxes", "truth", "--by", "scale,category"]
    done = wardrobe("evaluate", "retrieval", "--predictions", path, "--details", details, *words)
    assert done.returncode == 0, done.stderr
    answered = sum(row["counterparts"] > 0 for row in queries)
    rows = pq.read_table(details).to_pylist()
    assert len(rows) == len(queries) > answered / 2 > 0
    assert sum(row["rank"] == 1 for row in rows) == answered
    assert "top-20_truth" in done.stdout
    done = wardrobe("evaluate", "retrieval", *words)
    assert is_one_sentence(done) and "either --predictions or --embeddings" in done.stderr
