"""What the pair sets mean, on a handful of items, and what they always keep on many."""

from collections import Counter

import pytest
from made_up_release import write_release
from tiny_release import answers, garment, negatives, photo, tiny_release, with_pairs

from flows.warehouse import open_warehouse, query, run_checks, run_query
from schemas.errors import InputError
from schemas.vocabulary import NEGATIVE_KINDS

pytestmark = pytest.mark.slow


def joined(rows):
    """Pairs as (user image, user item, shop image, shop item)."""
    names = ("user_image_id", "user_item_no", "shop_image_id", "shop_item_no")
    return [tuple(row[name] for name in names) for row in rows]


def test_equal_styles_above_zero_meet_across_sources(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 7), photo(2, "shop", 7), photo(3, "shop", 7)],
        items=[
            garment(1, 1),
            garment(1, 0, item_no=2),
            garment(2, 1),
            garment(2, 2, item_no=2),
            garment(3, 1),
            garment(3, 0, item_no=2),
        ],
    )
    assert joined(answers(files, "positive_pairs")) == [(1, 1, 2, 1), (1, 1, 3, 1)]


def test_the_category_of_a_pair_need_not_match(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 7), photo(2, "shop", 7)],
        items=[garment(1, 1, category_id=1), garment(2, 1, category_id=2)],
    )
    (pair,) = answers(files, "positive_pairs")
    assert (pair["user_category_id"], pair["shop_category_id"]) == (1, 2)


def test_pairs_never_cross_splits_data_sets_or_products(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[
            photo(1, "user", 7),
            photo(2, "shop", 8),
            photo(3, "shop", 7, split="validation"),
            photo(4, "shop", 7, dataset="fashionai"),
        ],
        items=[
            garment(1, 1),
            garment(2, 1),
            garment(3, 1, split="validation"),
            garment(4, 1, dataset="fashionai"),
        ],
    )
    assert answers(files, "positive_pairs") == []


def test_two_items_of_one_image_can_share_a_counterpart(tmp_path):
    files = tiny_release(
        tmp_path,
        images=[photo(1, "user", 7), photo(2, "shop", 7)],
        items=[garment(1, 1), garment(1, 1, item_no=2), garment(2, 1)],
    )
    assert joined(answers(files, "positive_pairs")) == [(1, 1, 2, 1), (1, 2, 2, 1)]


def shops(*styles_by_pair):
    """One consumer's item (pair 1, style 1, category 9) and shop items (pair, style, category)."""
    images = [photo(1, "user", 1)]
    items = [garment(1, 1)]
    for number, (pair_id, style, category_id) in enumerate(styles_by_pair, start=2):
        images.append(photo(number, "shop", pair_id))
        items.append(garment(number, style, category_id=category_id))
    return {"images": images, "items": items}


def test_negatives_of_the_same_pair_have_another_style_or_none(tmp_path):
    files = tiny_release(tmp_path, **shops((1, 1, 9), (1, 0, 9), (1, 2, 9), (2, 2, 9)))
    rows = negatives(files, "negative_same_pair")
    assert joined(rows) == [(1, 1, 3, 1), (1, 1, 4, 1)]
    assert {row["pair_kind"] for row in rows} == {"negative_same_pair"}


def test_negatives_of_the_same_category_are_other_products(tmp_path):
    files = tiny_release(tmp_path, **shops((1, 1, 9), (1, 2, 9), (2, 1, 9), (3, 0, 9), (4, 1, 1)))
    assert joined(negatives(files, "negative_same_category")) == [(1, 1, 4, 1), (1, 1, 5, 1)]


def test_negatives_of_the_same_category_work_without_an_own_item_of_it(tmp_path):
    files = tiny_release(tmp_path, **shops((1, 1, 1), (0, 1, 9), (2, 1, 9)))
    assert joined(negatives(files, "negative_same_category")) == [(1, 1, 3, 1), (1, 1, 4, 1)]


def test_random_negatives_are_any_other_products(tmp_path):
    files = tiny_release(tmp_path, **shops((1, 1, 9), (1, 2, 9), (0, 1, 9), (2, 1, 1)))
    assert joined(negatives(files, "negative_random")) == [(1, 1, 4, 1), (1, 1, 5, 1)]


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_an_item_without_a_positive_gets_no_negatives(tmp_path, kind):
    files = tiny_release(tmp_path, **shops((1, 2, 9), (2, 1, 9), (3, 0, 9)))
    assert negatives(files, kind) == []


def test_negatives_are_as_many_as_asked_for_and_capped(tmp_path):
    files = tiny_release(
        tmp_path, **shops((1, 1, 9), (1, 1, 9), *[(p, 1, 9) for p in range(2, 40)])
    )

    def size(**parameters):
        return len(negatives(files, "negative_random", **parameters))

    assert size() == 8  # four for each of two positives
    assert size(negatives_per_positive=7) == 14
    assert size(negatives_per_positive=7, max_per_query=10) == 10
    assert size(negatives_per_positive=100, max_per_query=100) == 38  # all that qualify
    assert size(negatives_per_positive=0) == 0


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """1,200 made-up images with pairs of every kind and triplets."""
    folder = tmp_path_factory.mktemp("many")
    files = write_release(folder, {"train": 900, "validation": 300}, part=400)
    return with_pairs(folder, files, *NEGATIVE_KINDS)


def of_kind(files, kind):
    """Pairs of a kind as (split, user image, user item, shop image, shop item)."""
    con = open_warehouse(files)
    names = "split, user_image_id, user_item_no, shop_image_id, shop_item_no"
    return con.execute(f"select {names} from pairs where pair_kind = '{kind}'").fetchall()


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_every_query_gets_distinct_negatives_in_the_promised_number(many, kind):
    positives = Counter(row[:3] for row in of_kind(many, "positive"))
    rows = of_kind(many, kind)
    assert len(set(rows)) == len(rows)

    drawn = Counter(row[:3] for row in rows)
    expected = {item: min(4 * count, 50) for item, count in positives.items()}
    assert drawn.keys() <= expected.keys()
    assert all(drawn[item] <= expected[item] for item in expected)
    if kind == "negative_random":  # many candidates for each query
        assert drawn == expected


def test_every_kind_holds_its_rule(many):
    names = ["pairs.shop_item", "pairs.unique", "pairs.user_item", "pairs_hold_the_rule"]
    assert [v.rows for v in run_checks(open_warehouse(many), only=names)] == [0, 0, 0, 0]


def test_every_shop_item_is_about_as_likely_a_negative(many):
    con = open_warehouse(many)
    con.execute(
        "select count(*) from pairs where pair_kind = 'negative_random' and split = 'train' "
        "group by shop_image_id, shop_item_no"
    )
    counts = [count for (count,) in con.fetchall()]
    items = con.execute(
        "select count(*) from items join images using (dataset, split, image_id) "
        "where source = 'shop' and split = 'train'"
    ).fetchall()[0][0]
    mean = sum(counts) / items
    assert len(counts) > 0.9 * items
    assert max(counts) < 6 * mean


def test_the_same_seed_draws_the_same_on_any_number_of_threads(many):
    def drawn(threads, seed):
        con = open_warehouse(many, threads=threads)
        return [
            run_query(con, "negative_pairs", {"pair_kind": kind, "seed": seed})
            for kind in NEGATIVE_KINDS
        ]

    assert drawn(1, "a") == drawn(4, "a")
    assert all(a != b for a, b in zip(drawn(2, "a"), drawn(2, "b"), strict=True))


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_negatives_do_not_change_when_files_come_in_another_order(many, kind):
    turned = {name: list(reversed(paths)) for name, paths in many.items()}
    assert negatives(turned, kind) == negatives(many, kind)


def test_each_negative_makes_one_triplet_with_a_positive_of_its_anchor(many, tmp_path):
    triplets = answers(many, "triplets")
    counts = {kind: len(of_kind(many, kind)) for kind in NEGATIVE_KINDS}
    assert Counter(row["negative_kind"] for row in triplets) == counts

    built = many | tiny_release(tmp_path, vocabularies=False, triplets=triplets)
    names = ["triplets.unique", "triplets_hold_the_rule"]
    assert [v.rows for v in run_checks(open_warehouse(built), only=names)] == [0, 0]


def shares(triplets, *kinds):
    """Triplets of those kinds for each positive of an anchor, by anchor."""
    anchor = ("dataset", "split", "anchor_image_id", "anchor_item_no")
    positive = ("positive_image_id", "positive_item_no")
    dealt: dict[tuple, Counter] = {}
    for row in triplets:
        if row["negative_kind"] in kinds:
            counts = dealt.setdefault(tuple(row[name] for name in anchor), Counter())
            counts[tuple(row[name] for name in positive)] += 1
    return dealt


@pytest.mark.parametrize(
    ("positives", "others"), [(6, 24), (6, 25), (1, 9), (7, 3), (11, 40), (13, 50)]
)
def test_positives_of_an_anchor_take_equal_shares(tmp_path, positives, others):
    numbers = range(2, 2 + positives + others)
    pairs = [
        {
            "pair_kind": "positive" if number < 2 + positives else "negative_random",
            "user_image_id": 1,
            "user_item_no": 1,
            # Numbers of real galleries come in runs of a product, not evenly spread.
            "shop_image_id": number * 7 + number % 3,
            "shop_item_no": 1 + number % 2,
        }
        for number in numbers
    ]
    triplets = answers(tiny_release(tmp_path, pairs=pairs), "triplets")
    (counts,) = shares(triplets, "negative_random").values()
    assert sum(counts.values()) == others
    assert len(counts) == min(positives, others)
    assert set(counts.values()) <= {others // positives, -(-others // positives)}


def test_shares_are_equal_in_each_kind_and_in_all_together(many):
    triplets = answers(many, "triplets")
    positives = Counter(("deepfashion2", *row[:3]) for row in of_kind(many, "positive"))
    for kinds in (NEGATIVE_KINDS, *[(kind,) for kind in NEGATIVE_KINDS]):
        for key, counts in shares(triplets, *kinds).items():
            absent = positives[key] - len(counts)
            assert max(counts.values()) - (0 if absent else min(counts.values())) <= 1


def test_another_seed_deals_the_positives_in_another_order(many):
    assert answers(many, "triplets") == answers(many, "triplets", seed="0")
    assert answers(many, "triplets") != answers(many, "triplets", seed="1")


def test_pair_sets_say_their_defaults():
    assert query("negative_pairs").values({"pair_kind": "negative_random"}) == {
        "pair_kind": "negative_random",
        "negatives_per_positive": 4,
        "max_per_query": 50,
        "seed": "0",
        "same_category": False,
    }


def test_an_unknown_kind_of_negatives_is_refused_with_the_kinds_there_are():
    (kind, *_) = query("negative_pairs").params
    assert tuple(kind.type.split(" | ")) == NEGATIVE_KINDS
    with pytest.raises(InputError, match=r"should be one of negative_same_pair \| negative"):
        query("negative_pairs").values({"pair_kind": "negative"})
    with pytest.raises(InputError, match="needs pair_kind"):
        query("negative_pairs").values()


def test_negatives_of_the_same_pair_can_be_held_to_the_category(many):
    free = negatives(many, "negative_same_pair", negatives_per_positive=1000, max_per_query=1000)
    same = negatives(
        many,
        "negative_same_pair",
        same_category="true",
        negatives_per_positive=1000,
        max_per_query=1000,
    )
    # With no limit, all that qualify are drawn: the option filters, and loses none.
    assert same == [row for row in free if row["user_category_id"] == row["shop_category_id"]]
    assert 0 < len(same) < len(free)
