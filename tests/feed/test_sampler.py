"""The order of an epoch: any ranks, workers and interruptions give the same one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.feed import Sampler
from flows.feed.order import shuffled, shuffled_groups
from schemas.errors import InputError


class Rows:
    """Anything with an order: `count` rows of release `origin`."""

    selection = "rows"

    def __init__(self, count, origin="release-1"):
        self.count, self.origin = count, origin

    def __len__(self):
        return self.count

    def order(self, seed, epoch):
        return shuffled(self.count, seed, epoch)


UNHURRIED = settings(deadline=None)  # the machine may be busy with other things
COUNT = st.integers(1, 60)
WORLD = st.integers(1, 7)


def taken(count, world, steps, state=None):
    """What `steps` steps of all ranks take, in global order, and the state after them."""
    rows, states = [], []
    for rank in range(world):
        sampler = Sampler(Rows(count), seed=3, rank=rank, world_size=world, tail="drop")
        sampler.set_epoch(2)
        if state is not None:
            sampler.load_state_dict(state)
        own = [row for row, _ in zip(sampler, range(steps), strict=False)]
        sampler.advance(len(own))
        rows.append(own)
        states.append(sampler.state_dict())
    assert all(other == states[0] for other in states)
    return [row for step in zip(*rows, strict=True) for row in step], states[0]


@pytest.mark.slow
@UNHURRIED
@given(COUNT, st.integers(0, 2**40), st.integers(0, 1000))
def test_an_epoch_holds_every_row_once_and_depends_on_seed_and_epoch_alone(count, seed, epoch):
    order = shuffled(count, seed, epoch)
    assert sorted(order) == list(range(count))
    assert order.tolist() == shuffled(count, seed, epoch).tolist()


def test_another_seed_or_epoch_is_another_order():
    orders = {tuple(shuffled(50, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_the_order_is_the_one_that_saved_states_mean():
    assert shuffled(12, seed=7, epoch=1).tolist() == [11, 3, 9, 1, 6, 2, 5, 4, 8, 0, 7, 10]


@UNHURRIED
@given(COUNT, st.lists(st.tuples(WORLD, st.integers(0, 12)), max_size=5))
def test_interruptions_and_other_world_sizes_change_nothing(count, interruptions):
    """Stop after some steps, go on with another world size, as often as you like."""
    rows, state = [], None
    for world, steps in interruptions:
        more, state = taken(count, world, steps, state)
        rows += more
    more, state = taken(count, 1, count, state)
    assert rows + more == shuffled(count, 3, 2).tolist()
    assert state["position"] == count


@UNHURRIED
@given(COUNT, WORLD, st.sampled_from(["drop", "pad", "keep"]))
def test_ranks_together_take_the_global_order(count, world, tail):
    """`drop` leaves out what does not go up, `pad` repeats the first rows, `keep` is uneven."""
    samplers = [
        Sampler(Rows(count), seed=3, rank=rank, world_size=world, tail=tail)
        for rank in range(world)
    ]
    for sampler in samplers:
        sampler.set_epoch(2)
    taken = [list(sampler) for sampler in samplers]
    assert [len(sampler) for sampler in samplers] == [len(own) for own in taken]
    rows = [own[step] for step in range(count + 1) for own in taken if step < len(own)]
    whole = shuffled(count, 3, 2).tolist()
    steps = {"drop": count // world, "pad": -(-count // world), "keep": count / world}[tail]
    assert rows == (whole * (world + 1))[: round(steps * world)]


@UNHURRIED
@given(COUNT, WORLD, st.sampled_from(["pad", "drop"]), st.integers(0, 60))
def test_len_is_what_comes_also_after_a_resume(count, world, tail, position):
    sampler = Sampler(Rows(count), rank=world - 1, world_size=world, tail=tail)
    sampler.load_state_dict(sampler.state_dict() | {"position": min(position, count)})
    assert len(sampler) == len(list(sampler))


def test_a_new_iteration_starts_the_epoch_anew_and_a_resumed_one_does_not():
    sampler = Sampler(Rows(10), seed=1)
    whole = list(sampler)
    assert list(sampler) == whole
    sampler.load_state_dict(sampler.state_dict() | {"position": 4})
    iter(sampler)  # DataLoader makes one that it never starts
    assert list(sampler) == whole[4:]
    assert list(sampler) == whole


def test_staying_in_the_epoch_of_a_state_keeps_the_place_and_the_next_starts_at_its_front():
    sampler = Sampler(Rows(10), seed=1)
    sampler.load_state_dict(sampler.state_dict() | {"epoch": 3, "position": 4})
    seen = []
    for epoch in range(sampler.epoch, 5):
        sampler.set_epoch(epoch)
        seen.append(list(sampler))
    assert seen == [shuffled(10, 1, 3).tolist()[4:], shuffled(10, 1, 4).tolist()]


def test_handing_out_is_not_consuming():
    sampler = Sampler(Rows(10), seed=1)
    handed_out = list(sampler)
    assert len(handed_out) == 10
    assert sampler.state_dict()["position"] == 0
    sampler.advance(3)
    assert sampler.state_dict()["position"] == 3


def test_a_state_of_another_release_is_refused_in_a_sentence():
    state = Sampler(Rows(10, "release-1")).state_dict()
    with pytest.raises(InputError, match="release release-1, this feed serves release-2: open"):
        Sampler(Rows(10, "release-2")).load_state_dict(state)


def test_without_shuffling_rows_come_as_they_stand():
    assert list(Sampler(Rows(7), rank=1, world_size=3, shuffle=False)) == [1, 4, 0]


@pytest.mark.parametrize(
    "wrong", [{"rank": 2, "world_size": 2}, {"tail": "cut"}, {"seed": -1}, {"rank": -1}]
)
def test_wrong_use_is_told(wrong):
    with pytest.raises(ValueError, match=r"give|ranks go from"):
        Sampler(Rows(3), **wrong)


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=30)


@UNHURRIED
@given(SIZES, st.integers(1, 6), st.integers(0, 9))
def test_shuffled_groups_hold_every_row_once(sizes, lanes, epoch):
    order = shuffled_groups(np.array(sizes), lanes, 1, epoch)
    assert sorted(order) == list(range(sum(sizes)))


@UNHURRIED
@given(SIZES, st.integers(1, 6))
def test_few_groups_are_read_at_a_time_and_each_only_once(sizes, lanes):
    """Each lane is in one group at any time, so no more than `lanes` groups are ever open."""
    order = shuffled_groups(np.array(sizes), lanes, 1, 0)
    group = np.repeat(np.arange(len(sizes)), sizes)[order]
    first = {g: int(np.flatnonzero(group == g)[0]) for g in set(group.tolist())}
    last = {g: int(np.flatnonzero(group == g)[-1]) for g in set(group.tolist())}
    for place in range(len(order)):
        assert sum(first[g] <= place <= last[g] for g in first) <= lanes


def test_ranks_that_divide_the_lanes_read_different_groups():
    order = shuffled_groups(np.full(32, 10), 8, 1, 0)
    group = np.repeat(np.arange(32), 10)[order]
    of_rank = [set(group[rank::4].tolist()) for rank in range(4)]
    assert sum(map(len, of_rank)) == 32
    assert len(set(group[:8].tolist())) == 8
