"""Training shards: read in an order that opens each row group once, shared out and resumed."""

import pickle
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_release import image, item, jpeg, write_release

from flows.feed import Feed, Loader, Sampler, Shards, rowgroups
from schemas.errors import InputError

ROWS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two shards of 30 rows in row groups of 5."""
    at = tmp_path_factory.mktemp("shards")
    for shard in range(2):
        numbers = range(30 * shard, 30 * shard + 30)
        table = pa.table(
            {
                "image": [{"bytes": jpeg(8, 10, n), "path": f"{n}.jpg"} for n in numbers],
                "image_id": pa.array(numbers, pa.int64()),
                "boxes": pa.array(
                    [[[n, 0, n + 1, 2]] * (n % 3) for n in numbers],
                    pa.list_(pa.list_(pa.float32(), 4)),
                ),
                "objects": [{"label": [n, n], "name": ["a", "b"]} for n in numbers],
                "polygons": [[[1.0, 2.0], [3.0] * (n % 4)] for n in numbers],
            }
        )
        pq.write_table(table, at / f"train-{shard}.parquet", row_group_size=5)
    return at


@pytest.fixture
def large(monkeypatch):
    """As if the shards did not fit into memory."""
    monkeypatch.setattr(rowgroups, "HELD_BYTES", 0)


def test_a_row_comes_with_its_picture_and_its_lists_as_arrays(folder):
    sample = Shards(folder)[32]
    assert sample["picture"].shape == (10, 8, 3)
    assert sample["image_id"] == 32
    assert sample["boxes"].shape == (2, 4)
    assert sample["boxes"].dtype == np.float32
    assert sample["objects"]["label"].tolist() == [32, 32]
    assert sample["objects"]["name"] == ["a", "b"]
    assert [points.tolist() for points in sample["polygons"]] == [[1.0, 2.0], []]
    assert Shards(folder, columns=["image_id"])[32].keys() == {"picture", "image_id"}


def test_every_row_comes_once_and_each_group_is_read_once(folder, large, monkeypatch):
    reads = []
    read = rowgroups.RowGroups._read
    monkeypatch.setattr(
        rowgroups.RowGroups, "_read", lambda self, group: reads.append(group) or read(self, group)
    )
    shards = Shards(folder, lanes=4)
    held = []
    for place in Sampler(shards):
        shards[place]
        held.append(len(shards.groups._kept))
    assert sorted(reads) == list(range(12))
    assert max(held) <= 4


def test_ranks_that_divide_the_lanes_read_their_own_groups(folder, large):
    for rank in range(2):
        shards = Shards(folder, lanes=4)
        for place in Sampler(shards, rank=rank, world_size=2):
            shards[place]
            assert len(shards.groups._kept) <= 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), max_size=3))
def test_interruptions_and_other_world_sizes_change_nothing(folder, interruptions):
    shards = Shards(folder, columns=["image_id"], lanes=4)
    rows, state = [], None
    for world, steps in [*interruptions, (1, ROWS)]:
        ranks = []
        for rank in range(world):
            loader = Loader(shards, Sampler(shards, rank=rank, world_size=world), batch_size=2)
            if state is not None:
                loader.load_state_dict(state)
            running = iter(loader)
            own = [row for batch in islice(running, steps) for row in batch["image_id"]]
            after = loader.state_dict()
            running.close()
            ranks.append(own)
        state = after
        rows += [row for step in zip(*ranks, strict=True) for row in step]
    assert rows[:ROWS] == shards.order(0, 0).tolist()


def test_shards_travel_as_a_path_and_other_shards_refuse_the_state(folder, tmp_path):
    shards = Shards(folder, lanes=4)
    carried = pickle.loads(pickle.dumps(shards))
    assert carried.origin == shards.origin
    other = tmp_path / "other.parquet"
    pq.write_table(pq.read_table(folder / "train-0.parquet").slice(1), other)
    with pytest.raises(InputError, match="The state was taken in release shards-"):
        Sampler(Shards(other)).load_state_dict(Sampler(shards).state_dict())
    with pytest.raises(InputError, match="holds no training shards"):
        Shards(tmp_path / "nothing")


def test_embedded_pictures_that_do_not_fit_are_ordered_by_groups(tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_CACHE", str(tmp_path / "cache"))
    rows = [image(number, item(), item()) for number in range(1, 41)]
    release = write_release(tmp_path, rows, pictures="embedded", per_part=4)
    feed = Feed(release, "deepfashion2", "train", task="classification")
    free = feed.order(1, 0)
    monkeypatch.setattr("flows.feed.pictures.HELD_BYTES", 0)
    grouped = feed.order(1, 0)
    assert sorted(grouped) == sorted(free) == list(range(80))
    assert grouped.tolist() != free.tolist()
    # Ten groups of eight items in as many lanes: each row of lanes takes one item of each group.
    assert {len(set(step // 8)) for step in grouped.reshape(8, 10)} == {10}
