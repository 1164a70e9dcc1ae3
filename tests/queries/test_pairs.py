"""What the pair sets mean, on a handful of items, and what they always keep on many."""

from collections import Counter

import pytest
from builders import garment, photo
from releases import answers, negatives, write_files

from flows.warehouse import open_warehouse, query, run_checks, run_query
from schemas.errors import InputError
from schemas.vocabulary import NEGATIVE_KINDS

pytestmark = pytest.mark.slow


def joined(rows):
    """Pairs as (user image, user item, shop image, shop item)."""
    names = ("user_image_id", "user_item_no", "shop_image_id", "shop_item_no")
    return [tuple(row[name] for name in names) for row in rows]


def release(folder, sources, *items):
    """Images by number as (source, pair_id, other columns), and rows of items."""
    images = [photo(n, source, pair, **more) for n, (source, pair, more) in sources.items()]
    return write_files(folder, images=images, items=items)


USER, SHOP = ("user", 7, {}), ("shop", 7, {})


@pytest.mark.parametrize(
    ("sources", "items", "pairs"),
    [
        pytest.param(
            {1: USER, 2: SHOP, 3: SHOP},
            [(1, 1), (1, 0, 2), (2, 1), (2, 2, 2), (3, 1), (3, 0, 2)],
            [(1, 1, 2, 1), (1, 1, 3, 1)],
            id="equal styles above 0 meet across sources",
        ),
        pytest.param(
            {1: USER, 2: SHOP},
            [(1, 1), (1, 1, 2), (2, 1)],
            [(1, 1, 2, 1), (1, 2, 2, 1)],
            id="two items of an image share a counterpart",
        ),
        pytest.param({1: USER, 2: ("shop", 8, {})}, [(1, 1), (2, 1)], [], id="other product"),
        pytest.param(
            {1: USER, 2: SHOP}, [(1, -1), (2, -1), (2, None, 2)], [], id="style below 0 or null"
        ),
    ],
)
def test_positive_pairs_are_equal_styles_of_a_product(tmp_path, sources, items, pairs):
    files = release(tmp_path, sources, *[garment(*item) for item in items])
    assert joined(answers(files, "positive_pairs")) == pairs


@pytest.mark.parametrize("other", [{"split": "validation"}, {"dataset": "fashionai"}])
def test_pairs_never_cross_splits_or_data_sets(tmp_path, other):
    sources = {1: USER, 2: ("shop", 7, other)}
    files = release(tmp_path, sources, garment(1, 1), garment(2, 1, **other))
    assert answers(files, "positive_pairs") == []


def test_the_category_of_a_pair_need_not_match(tmp_path):
    items = [garment(1, 1, category_id=1), garment(2, 1, category_id=2)]
    (pair,) = answers(release(tmp_path, {1: USER, 2: SHOP}, *items), "positive_pairs")
    assert (pair["user_category_id"], pair["shop_category_id"]) == (1, 2)


def shops(folder, *labels):
    """One consumer's item (pair 1, style 1, category 9) and shop items (pair, style, category)."""
    sources, items = {1: ("user", 1, {})}, [garment(1, 1)]
    for number, (pair_id, style, category_id) in enumerate(labels, start=2):
        sources[number] = ("shop", pair_id, {})
        items.append(garment(number, style, category_id=category_id))
    return release(folder, sources, *items)


@pytest.mark.parametrize(
    ("kind", "labels", "images"),
    [
        # Another style of the same product, or none.
        ("negative_same_pair", [(1, 1, 9), (1, 0, 9), (1, 2, 9), (2, 2, 9)], [3, 4]),
        # Other products of the category, also without a positive of that category.
        ("negative_same_category", [(1, 1, 9), (1, 2, 9), (2, 1, 9), (3, 0, 9), (4, 1, 1)], [4, 5]),
        ("negative_same_category", [(1, 1, 1), (0, 1, 9), (2, 1, 9)], [3, 4]),
        # Any other products.
        ("negative_random", [(1, 1, 9), (1, 2, 9), (0, 1, 9), (2, 1, 1)], [4, 5]),
        # Without a positive there are no negatives.
        *((kind, [(1, 2, 9), (2, 1, 9), (3, 0, 9)], []) for kind in NEGATIVE_KINDS),
    ],
)
def test_negatives_of_a_kind_are_those_of_its_rule(tmp_path, kind, labels, images):
    rows = negatives(shops(tmp_path, *labels), kind)
    assert joined(rows) == [(1, 1, image, 1) for image in images]
    assert {row["pair_kind"] for row in rows} <= {kind}


def test_negatives_are_as_many_as_asked_for_and_capped(tmp_path):
    files = shops(tmp_path, (1, 1, 9), (1, 1, 9), *[(p, 1, 9) for p in range(2, 40)])

    def size(**parameters):
        return len(negatives(files, "negative_random", **parameters))

    assert size() == 8  # four for each of two positives
    assert size(negatives_per_positive=7) == 14
    assert size(negatives_per_positive=7, max_per_query=10) == 10
    assert size(negatives_per_positive=100, max_per_query=100) == 38  # all that qualify
    assert size(negatives_per_positive=0) == 0


@pytest.fixture(scope="module")
def many(made_up):
    """The made-up release, open."""
    return open_warehouse(made_up)


@pytest.fixture(scope="module")
def triplets(many):
    return run_query(many, "triplets").to_pylist()


def of_kind(con, kind):
    """Pairs of a kind as (split, user image, user item, shop image, shop item)."""
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
    assert [v.rows for v in run_checks(many, only=names)] == [0, 0, 0, 0]


def test_every_shop_item_is_about_as_likely_a_negative(many):
    many.execute(
        "select count(*) from pairs where pair_kind = 'negative_random' and split = 'train' "
        "group by shop_image_id, shop_item_no"
    )
    counts = [count for (count,) in many.fetchall()]
    items = many.execute(
        "select count(*) from items join images using (dataset, split, image_id) "
        "where source = 'shop' and split = 'train'"
    ).fetchall()[0][0]
    mean = sum(counts) / items
    assert len(counts) > 0.9 * items
    assert max(counts) < 6 * mean


def test_the_same_seed_draws_the_same_on_any_number_of_threads(made_up):
    def drawn(threads, seed):
        con = open_warehouse(made_up, threads=threads)
        return [
            run_query(con, "negative_pairs", {"pair_kind": kind, "seed": seed})
            for kind in NEGATIVE_KINDS
        ]

    assert drawn(1, "a") == drawn(4, "a")
    assert all(a != b for a, b in zip(drawn(2, "a"), drawn(2, "b"), strict=True))


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_negatives_do_not_change_when_files_come_in_another_order(made_up, kind):
    turned = {name: list(reversed(paths)) for name, paths in made_up.items()}
    assert negatives(turned, kind) == negatives(made_up, kind)


def test_each_negative_makes_one_triplet_with_a_positive_of_its_anchor(
    made_up, many, triplets, tmp_path
):
    counts = {kind: len(of_kind(many, kind)) for kind in NEGATIVE_KINDS}
    assert Counter(row["negative_kind"] for row in triplets) == counts

    built = made_up | write_files(tmp_path, vocabularies=False, triplets=triplets)
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
    triplets = answers(write_files(tmp_path, pairs=pairs), "triplets")
    (counts,) = shares(triplets, "negative_random").values()
    assert sum(counts.values()) == others
    assert len(counts) == min(positives, others)
    assert set(counts.values()) <= {others // positives, -(-others // positives)}


def test_shares_are_equal_in_each_kind_and_in_all_together(many, triplets):
    positives = Counter(("deepfashion2", *row[:3]) for row in of_kind(many, "positive"))
    for kinds in (NEGATIVE_KINDS, *[(kind,) for kind in NEGATIVE_KINDS]):
        for key, counts in shares(triplets, *kinds).items():
            absent = positives[key] - len(counts)
            assert max(counts.values()) - (0 if absent else min(counts.values())) <= 1


def test_another_seed_deals_the_positives_in_another_order(many, triplets):
    for seed in ("0", "1"):
        dealt = run_query(many, "triplets", {"seed": seed}).to_pylist()
        assert (dealt == triplets) == (seed == "0")


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


def test_negatives_of_the_same_pair_can_be_held_to_the_category(made_up):
    # With no limit, all that qualify are drawn: the option filters, and loses none.
    everything = {"negatives_per_positive": 1000, "max_per_query": 1000}
    free = negatives(made_up, "negative_same_pair", **everything)
    same = negatives(made_up, "negative_same_pair", same_category="true", **everything)
    assert same == [row for row in free if row["user_category_id"] == row["shop_category_id"]]
    assert 0 < len(same) < len(free)
