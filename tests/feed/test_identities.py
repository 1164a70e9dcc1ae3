"""Identity batches: products, consumer and shop photos, never one product twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from releases import image, item, write_release

from flows.feed import Feed, IdentityBatches, Loader, Sampler
from flows.feed.identities import _max_batches
from schemas.errors import InputError


def products(*groups):
    """Images of product groups: each group a list of styles, each with (users, shops) photos."""
    images = []
    for pair_id, styles in enumerate(groups, start=1):
        for style, counts in enumerate(styles, start=1):
            for source, count in zip(("user", "shop"), counts, strict=True):
                for _ in range(count):
                    number = len(images) + 1
                    thing = item(style=style)
                    images.append(image(number, thing, item(), source=source, pair_id=pair_id))
    return images


def feed_of(folder, *groups, pairs=True):
    release = write_release(folder, products(*groups), pairs=pairs)
    return Feed(release, "deepfashion2", "train", task="retrieval", size=8)


def batches_of(plan, seed=1, epoch=0):
    rows = plan.feed.rows
    for batch in plan.order(seed, epoch):
        yield [
            (
                int(plan.feed.identities[rows[place]]),
                int(plan.feed.index.images["source"][plan.feed.index.items["image_row"][place]]),
            )
            for place in batch
        ]


def group_of(feed):
    """The pair_id of each identity."""
    pair_ids = feed.index.images["pair_id"][feed.index.items["image_row"]]
    return dict(zip(feed.identities.tolist(), pair_ids.tolist(), strict=True))


def test_a_batch_mixes_products_and_takes_consumer_and_shop_in_turn(tmp_path):
    feed = feed_of(tmp_path, *[[(2, 3)]] * 6)
    plan = IdentityBatches(feed, identities=3, items=4)
    assert len(plan) == 2
    for batch in batches_of(plan):
        identities = [identity for identity, _ in batch]
        assert len(set(identities)) == 3
        assert identities == [identities[k // 4 * 4] for k in range(12)]
        assert [source for _, source in batch] == [1, 0] * 6
    everything = [identity for batch in batches_of(plan) for identity, _ in batch]
    assert len(set(everything)) == 6


def test_two_styles_of_one_group_never_meet_in_a_batch(tmp_path):
    feed = feed_of(tmp_path, [(1, 1)] * 4, [(1, 1)] * 2, [(1, 2)], [(2, 1)], [(1, 1)] * 3)
    plan = IdentityBatches(feed, identities=3, items=2)
    for epoch in range(20):
        for batch in batches_of(plan, epoch=epoch):
            groups = {group_of(feed)[identity] for identity, _ in batch}
            assert len(groups) == 3


def test_items_without_counterpart_take_no_part(tmp_path):
    feed = feed_of(tmp_path, [(2, 0)], [(0, 2)], [(1, 1)], [(3, 2)])
    plan = IdentityBatches(feed, identities=2, items=2)
    batches = [batch for epoch in range(9) for batch in batches_of(plan, epoch=epoch)]
    assert {group_of(feed)[identity] for batch in batches for identity, _ in batch} == {3, 4}


def test_all_items_of_a_product_have_their_turn_over_the_epochs(tmp_path):
    feed = feed_of(tmp_path, [(5, 5)], [(1, 1)])
    plan = IdentityBatches(feed, identities=2, items=4)
    places = np.unique([plan.order(1, epoch) for epoch in range(30)])
    assert len(places) == 12


def test_too_few_products_are_told(tmp_path):
    feed = feed_of(tmp_path, [(1, 1)], [(1, 1)])
    with pytest.raises(InputError, match="has 2 product groups with positive pairs, fewer than"):
        IdentityBatches(feed, identities=3)


def test_ranks_share_the_batches_and_a_state_resumes_them(tmp_path):
    feed = feed_of(tmp_path, *[[(1, 1)]] * 9)
    plan = IdentityBatches(feed, identities=2, items=2)
    whole = plan.order(5, 1).tolist()
    shared = []
    for rank in range(2):
        sampler = Sampler(plan, seed=5, rank=rank, world_size=2)
        sampler.set_epoch(1)
        shared.append(list(sampler))
    assert [batch for step in zip(*shared, strict=True) for batch in step] == whole

    loader = Loader(feed, Sampler(plan, seed=5), threads=2)
    loader.set_epoch(1)
    running = iter(loader)
    first = next(running)
    assert first["image"].shape == (4, 8, 8, 3)
    assert len(set(first["identity"].tolist())) == 2
    state = loader.state_dict()
    running.close()
    later = Sampler(plan)
    later.load_state_dict(state)
    assert list(later) == whole[1:]
    with pytest.raises(InputError, match="selection of rows"):
        Sampler(IdentityBatches(feed, identities=3, items=2)).load_state_dict(state)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=8), st.integers(2, 6))
def test_there_are_as_many_batches_as_can_be(sizes, identities):
    """Compared with dealing out greedily, largest groups first, which is optimal."""
    if len(sizes) < identities:
        return
    left, batches = sorted(sizes), 0
    while sum(size > 0 for size in left) >= identities:
        left.sort()
        for k in range(1, identities + 1):
            left[-k] -= 1
        batches += 1
    assert _max_batches(np.array(sizes), identities) == batches


def test_a_release_without_pairs_names_the_command(tmp_path):
    feed = feed_of(tmp_path, [(1, 1)], [(1, 1)], pairs=False)
    with pytest.raises(InputError, match="run `wardrobe derive`"):
        IdentityBatches(feed)
