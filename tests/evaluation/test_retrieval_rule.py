"""Retrieval outcomes: each clause of the authors' rule, and equality with a plain reference."""

import random
from itertools import chain

import pyarrow as pa
import pytest
from retrieval_reference import judge, random_case
from retrieval_release import SPLIT, write_truth
from retrieval_results import BOX, answer, query, result

from flows.predictions.retrieval import EDGES
from flows.warehouse import add_table, open_warehouse, run_query
from schemas.predictions import GALLERY_DETECTIONS, QUERY_DETECTIONS

FAR = [300, 300, 400, 400]
TABLES = ("images", "items")
TROUSERS = 8


def add_results(con, results) -> None:
    queries = [
        {
            "row": row,
            "image_id": record["query_image_id"],
            "category_id": record["query_cls"],
            "score": record["query_score"],
        }
        | dict(zip(EDGES, record["query_bbox"], strict=True))
        for row, record in enumerate(results, start=1)
    ]
    gallery = [
        {"row": row, "rank": rank, "image_id": image_id} | dict(zip(EDGES, box, strict=True))
        for row, record in enumerate(results, start=1)
        for rank, (image_id, box) in enumerate(
            zip(record["gallery_image_id"], record["gallery_bbox"], strict=True), start=1
        )
    ]
    add_table(con, "query_detections", pa.Table.from_pylist(queries, QUERY_DETECTIONS.schema))
    add_table(con, "gallery_detections", pa.Table.from_pylist(gallery, GALLERY_DETECTIONS.schema))


def outcomes_of(folder, results, queries, gallery, **parameters):
    """Row, rank and outcome of each query item by its place in `queries`, through SQL."""
    files = write_truth(folder, queries, gallery)
    with open_warehouse(files, only=TABLES, threads=1) as con:
        add_results(con, results)
        rows = run_query(
            con, "retrieval_outcomes", {"dataset": "deepfashion2", **SPLIT, **parameters}
        ).to_pylist()
    by_image = {}
    for place, record in enumerate(queries):
        by_image.setdefault(record["query_image_id"], []).append(place)
    # write_truth numbers the items of an image against the order of the document.
    return {
        by_image[row["image_id"]][-row["item_no"]]: (row["row"], row["rank"], row["outcome"])
        for row in rows
        if row["outcome"]
    }


HIT, FAR_OFF, ABSENT = (1, 1, "hit"), (1, None, "gallery box too far"), (1, None, "not in the list")
UNDETECTED, OTHER = (None, None, "not detected"), (None, None, "wrong category")
LEFT, RIGHT = [0, 0, 50, 100], [50, 0, 100, 100]

CASES = {
    "a hit": ([result()], [query()], [answer()], {0: HIT}),
    "no record at all": ([], [query()], [answer()], {0: UNDETECTED}),
    "a record of another image": (
        [result(image_id=2)],
        [query(), query(image_id=2)],
        [answer()],
        {0: UNDETECTED, 1: HIT},
    ),
    "assignment needs no overlap": ([result(box=FAR)], [query()], [answer()], {0: HIT}),
    "a tie of overlaps goes to the first of the document": (
        [result(box=BOX)],
        [query(LEFT), query(RIGHT)],
        [answer()],
        {0: HIT, 1: UNDETECTED},
    ),
    "without overlap with any, the first of the document": (
        [result(box=FAR)],
        [query(LEFT), query(RIGHT)],
        [answer()],
        {0: HIT, 1: UNDETECTED},
    ),
    "an item without a style takes a detection": (
        [result()],
        [query(LEFT), query(BOX, style=0)],
        [answer()],
        {0: UNDETECTED},
    ),
    "assigned before categories are compared": (
        [result()],
        [query(BOX, cls=TROUSERS), query(LEFT)],
        [answer()],
        {0: OTHER, 1: UNDETECTED},
    ),
    "the highest score of the right category": (
        [result(score=0.9, cls=TROUSERS), result(score=0.2, listed=[(11, BOX)]), result(score=0.4)],
        [query()],
        [answer()],
        {0: (3, 1, "hit")},
    ),
    "a tie of scores goes to the first record": (
        [result(listed=[(11, BOX)]), result()],
        [query()],
        [answer(), answer(11, style=2)],
        {0: ABSENT},
    ),
    "the best overlap does not matter, the score does": (
        [result(BOX, score=0.1), result([0, 0, 60, 60], score=0.2, listed=[(11, BOX)])],
        [query()],
        [answer()],
        {0: (2, None, "not in the list")},
    ),
    "an overlap of exactly half": (
        [result(listed=[(10, LEFT)])],
        [query()],
        [answer()],
        {0: HIT},
    ),
    "an overlap below half": (
        [result(listed=[(10, [0, 0, 49.999, 100])])],
        [query()],
        [answer()],
        {0: FAR_OFF},
    ),
    "one of several items of the image": (
        [result(listed=[(10, FAR)])],
        [query()],
        [answer(), answer(box=FAR)],
        {0: HIT},
    ),
    "another style in the right place": (
        [result(listed=[(10, FAR)])],
        [query()],
        [answer(), answer(box=FAR, style=2)],
        {0: FAR_OFF},
    ),
    "another pair_id with the same style": (
        [result(listed=[(11, BOX)])],
        [query()],
        [answer(), answer(11, pair_id=2)],
        {0: ABSENT},
    ),
    "the rank of the first of several": (
        [result(listed=[(11, BOX), (10, FAR), (10, BOX), (10, BOX)])],
        [query()],
        [answer()],
        {0: (1, 3, "hit")},
    ),
    "the last of twenty": (
        [result(listed=[(11, BOX)] * 19 + [(10, BOX)])],
        [query()],
        [answer()],
        {0: (1, 20, "hit")},
    ),
    "a query without an answer in the gallery": (
        [result()],
        [query()],
        [answer(style=2)],
        {0: ABSENT},
    ),
    "a box without area": (
        [result(box=[5, 5, 5, 5], listed=[(10, [5, 5, 5, 5])])],
        [query(box=[5, 5, 5, 5])],
        [answer(box=[5, 5, 5, 5])],
        {0: FAR_OFF},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_clause_of_the_rule(name, tmp_path):
    results, queries, gallery, expected = CASES[name]
    assert judge(results, queries, gallery) == expected
    assert outcomes_of(tmp_path, results, queries, gallery) == expected


def many_cases(count, seed=0):
    """Generated cases, each with image and pair_id numbers of its own, and what they add up to."""
    rng = random.Random(seed)
    cases = [random_case(rng, 60, first_image=200 * n, first_pair=10 * n) for n in range(count)]
    return cases, [list(chain(*parts)) for parts in zip(*cases, strict=True)]


def expected_of(cases):
    """The outcomes by the reference, by place in the queries of all cases."""
    expected, rows, places = {}, 0, 0
    for results, queries, gallery in cases:
        for place, (row, rank, outcome) in judge(results, queries, gallery).items():
            expected[places + place] = (row and rows + row, rank, outcome)
        rows, places = rows + len(results), places + len(queries)
    return expected


@pytest.mark.parametrize(
    "count", [5, pytest.param(220, marks=pytest.mark.slow)], ids=["600", "26,000"]
)
def test_outcomes_are_those_of_a_plain_reference(count, tmp_path):
    cases, together = many_cases(count)
    expected = expected_of(cases)
    assert outcomes_of(tmp_path, *together) == expected
    assert len({outcome for _, _, outcome in expected.values()}) == 5
    assert len(together[0]) >= (22_000 if count == 220 else 500)


def test_queries_with_few_identical_items_are_not_judged(tmp_path):
    queries = [query(), query(image_id=2, style=2), query(image_id=3, style=3)]
    gallery = [answer(n) for n in (10, 11)] + [answer(12, style=2)]
    results = [result(), result(image_id=2, listed=[(12, BOX)])]
    for least, places in ((0, {0, 1, 2}), (1, {0, 1}), (2, {0}), (3, set())):
        folder = tmp_path / str(least)
        outcomes = outcomes_of(folder, results, queries, gallery, min_identical=least)
        assert outcomes.keys() == places
