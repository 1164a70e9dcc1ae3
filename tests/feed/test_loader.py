"""Loaders: threads, forked and spawned workers give the same batches and the same states."""

import pickle
from itertools import chain

import numpy as np
import pytest
from releases import image, item, write_release

from flows.feed import Feed, Loader, Sampler
from flows.feed.batches import in_batches, stack
from flows.feed.loader import consumed
from flows.feed.order import shuffled

COUNT = 23


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    rows = [image(number, *[item()] * (number % 3)) for number in range(1, COUNT + 1)]
    return write_release(tmp_path_factory.mktemp("loader"), rows)


def feed_of(release, **options):
    return Feed(release, "deepfashion2", "train", size=16, **options)


def ids(batches):
    return [np.asarray(batch["image_id"]).tolist() for batch in batches]


def flat(batches):
    return list(chain.from_iterable(batches))


def whole_order(seed, epoch, batch_size):
    return list(in_batches((shuffled(COUNT, seed, epoch) + 1).tolist(), batch_size))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_give_batches_in_the_order_of_the_sampler(release, threads):
    feed = feed_of(release)
    loader = Loader(feed, Sampler(feed, seed=4), batch_size=5, threads=threads)
    loader.set_epoch(2)
    batches = list(loader)
    assert ids(batches) == whole_order(4, 2, 5)
    assert len(loader) == len(batches) == 5
    assert batches[0]["image"].shape == (5, 16, 16, 3)
    assert [len(boxes) for boxes in batches[0]["boxes"]] == [i % 3 for i in ids(batches)[0]]


@pytest.mark.parametrize("seen", [0, 1, 3, 5])
@pytest.mark.parametrize("batch_size", [5, 4])
def test_a_loader_resumes_after_what_the_loop_saw_not_after_what_was_decoded(
    release, seen, batch_size
):
    feed = feed_of(release)
    first = Loader(feed, Sampler(feed, seed=4), batch_size=5, threads=2, ahead=9)
    running = iter(first)
    rows = flat(ids(next(running) for _ in range(seen)))
    state = first.state_dict()
    running.close()
    assert state["position"] == min(seen * 5, COUNT)
    again = Loader(feed, Sampler(feed), batch_size=batch_size, threads=3)
    again.load_state_dict(state)
    rows += flat(ids(again))
    assert rows == flat(whole_order(4, 0, 5))


def test_an_error_in_a_thread_reaches_the_loop(release):
    def broken(sample):
        raise ZeroDivisionError("mine")

    feed = feed_of(release, transform=broken)
    with pytest.raises(ZeroDivisionError, match="mine"):
        list(Loader(feed, Sampler(feed), batch_size=4))


def test_a_feed_travels_as_paths_and_options(release):
    feed = feed_of(release, task="landmarks")
    assert len(feed[0]["landmarks"]) == 1
    carried = pickle.dumps(feed)
    assert len(carried) < 1500
    np.testing.assert_array_equal(pickle.loads(carried)[3]["image"], feed[3]["image"])


def test_what_agrees_is_stacked_and_what_differs_stays_a_list():
    one = {"a": np.zeros((2, 3)), "n": 1, "boxes": np.zeros((1, 4)), "words": "x"}
    two = {"a": np.ones((2, 3)), "n": 2, "boxes": np.zeros((0, 4)), "words": "y"}
    batch = stack([one, two])
    assert batch["a"].shape == (2, 2, 3)
    assert batch["n"].tolist() == [1, 2]
    assert [len(boxes) for boxes in batch["boxes"]] == [1, 0]
    assert batch["words"] == ["x", "y"]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "workers"), [(None, 0), ("fork", 2), ("spawn", 1)])
def test_dataloader_workers_give_the_same_batches_forked_or_spawned(release, how, workers):
    pytest.importorskip("torch", reason="torch is not installed: pip install '.[training]'")
    from flows.feed.pytorch import TorchLoader

    options = {"num_workers": workers, "multiprocessing_context": how}
    feed = feed_of(release)
    assert feed[0]["image"].any()  # opened before the workers start, as a training script does
    loader = TorchLoader(feed, Sampler(feed, seed=4), batch_size=5, **options)
    running = iter(loader)
    rows = ids(next(running) for _ in range(2))
    state = loader.state_dict()
    rows += ids(running)
    assert rows == whole_order(4, 0, 5)
    assert state["position"] == 10
    del running

    loader.load_state_dict(state)
    assert len(loader) == 3
    assert rows[2:] == ids(loader)


@pytest.mark.slow
def test_a_plain_dataloader_takes_feed_and_sampler_as_they_are(release):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[training]'")
    feed = feed_of(release, task="classification")
    sampler = Sampler(feed, seed=4, rank=1, world_size=2)
    loader = torch.utils.data.DataLoader(feed, sampler=sampler, batch_size=4, collate_fn=None)
    sampler.set_epoch(1)
    seen = [batch["image"].shape for batch in consumed(loader, sampler, batch_size=4)]
    assert sum(shape[0] for shape in seen) == len(sampler) == -(-len(feed) // 2)
    assert sampler.state_dict()["position"] == len(feed)
