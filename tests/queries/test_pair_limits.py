"""Limits of pair sets: what a query gets of very many counterparts, and at which cost."""

import re

import pytest
from builders import garment, photo
from releases import answers, negatives, write_files

from flows.warehouse import open_warehouse, query, run_checks
from schemas.vocabulary import NEGATIVE_KINDS

pytestmark = pytest.mark.slow

OF_PAIRS = (
    *("positive_pairs", "triplets", "pair_totals"),
    *("pairs_hold_the_rule", "positive_pairs_left_out"),
)


def release(folder, sources, items):
    """Images of one pair_id by number as their source, and rows of items."""
    images = [photo(number, source, 7) for number, source in sources.items()]
    return write_files(folder, images=images, items=items)


def test_positive_pairs_above_the_limit_are_blocks_of_counterparts_in_turn(tmp_path):
    sources = {n: "user" if n <= 3 else "shop" for n in range(1, 9)}
    files = release(tmp_path, sources, [garment(n, 1) for n in sources])
    rows = answers(files, "positive_pairs", max_positives=2)
    pairs = [(1, 4), (1, 5), (2, 6), (2, 7), (3, 4), (3, 5)]
    assert [(row["user_image_id"], row["shop_image_id"]) for row in rows] == pairs
    for limit in (5, 6, 1000):  # five counterparts: none is left out
        assert len(answers(files, "positive_pairs", max_positives=limit)) == 15
    assert answers(files, "positive_pairs", max_positives=0) == []

    built = files | write_files(tmp_path / "pairs", vocabularies=False, pairs=rows)
    names = ["pairs_hold_the_rule", "positive_pairs_left_out"]
    with open_warehouse(built) as con:
        whole, left_out = run_checks(con, only=names, settings={"max_positives": 2})
        assert (whole.outcome, left_out.outcome) == ("ok", "warn")
        (row,) = left_out.examples
        counts = ("user_items", "shop_items", "pairs_left_out")
        assert [row[name] for name in counts] == [3, 5, 9]
        whole, left_out = run_checks(con, only=names)
        assert (whole.outcome, left_out.outcome) == ("error", "ok")


@pytest.mark.parametrize("styles", [1, 20])
def test_no_step_of_a_pair_set_makes_more_rows_than_are_kept(tmp_path, styles):
    sources = {n: "user" if n % 2 else "shop" for n in range(400)}
    garments = [garment(n, n // 2 % styles + 1, category_id=n % 13 + 1) for n in sources]
    files = release(tmp_path, sources, garments)
    kinds = [("negative_pairs", kind) for kind in NEGATIVE_KINDS]
    rows = answers(files, "positive_pairs", max_positives=1)
    rows += negatives(files, "negative_same_pair", max_per_query=1)
    built = files | write_files(tmp_path / "pairs", vocabularies=False, pairs=rows)
    with open_warehouse(built) as con:
        for name, kind in [*kinds, *((name, "") for name in OF_PAIRS)]:
            values = {"max_positives": 1, "max_per_query": 1, "pair_kind": kind}
            given = {key: values[key] for key in query(name).param_names if key in values}
            text = f"explain (analyze, format json) {query(name).text}"
            ((_, plan),) = con.execute(text, query(name).values(given)).fetchall()
            counts = [int(count) for count in re.findall(r'"intermediate_rows": (\d+)', plan)]
            # A step in squares makes 40,000: 200 consumers' items times 200 shops'.
            assert max(counts) < 4_000, (name, kind)
