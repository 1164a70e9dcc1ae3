"""Orders: which row comes at which place of an epoch, from (seed, epoch) and nothing else.

Random numbers are Philox's raw stream, which NumPy promises not to change, so that an order
survives an upgrade; `Generator.permutation` carries no such promise.
"""

from typing import Protocol

import numpy as np


class Ordered(Protocol):
    """What a Sampler can walk through: a feed, or a plan of batches.

    `origin` is the release id; a state of another origin is refused. `selection` says which rows
    they are and how they are ordered, in words and numbers.
    """

    origin: str
    selection: str

    def __len__(self) -> int: ...

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of an epoch: one number, or one row of numbers (a batch), for each place."""


def random_keys(count: int, seed: int, epoch: int, purpose: int = 0) -> np.ndarray:
    """`count` random 64-bit numbers; another seed, epoch or purpose gives unrelated ones."""
    # Two words of key and four of counter: the last counter word sets the purposes apart, and no
    # stream comes near 2**192 numbers.
    stream = np.random.Philox(key=[seed, epoch], counter=[0, 0, 0, purpose])
    return stream.random_raw(count)


def shuffled(count: int, seed: int, epoch: int, purpose: int = 0) -> np.ndarray:
    """The numbers 0 to count - 1 in an order that depends on (seed, epoch) alone."""
    return np.argsort(random_keys(count, seed, epoch, purpose), kind="stable")


def shuffled_groups(sizes: np.ndarray, lanes: int, seed: int, epoch: int) -> np.ndarray:
    """Rows shuffled so that at any time only `lanes` groups of neighbours are being read.

    `sizes` are the rows of each group (a Parquet row group) in the order of the data. Groups are
    shuffled and dealt to `lanes`; a lane goes through its groups one by one, each in random
    order; the rows of the epoch are taken from the lanes in turn. So rows p, p + lanes, ... come
    from one lane: ranks whose number divides `lanes` read different groups, and any `lanes`
    neighbours in the order come from that many groups.
    """
    count = int(sizes.sum())
    dealt = shuffled(len(sizes), seed, epoch, purpose=1)
    lane_of_group = np.empty(len(sizes), np.int64)
    lane_of_group[dealt] = np.arange(len(sizes)) % lanes
    turn_of_group = np.empty(len(sizes), np.int64)
    turn_of_group[dealt] = np.arange(len(sizes)) // lanes

    group = np.repeat(np.arange(len(sizes)), sizes)
    keys = random_keys(count, seed, epoch, purpose=2)
    by_lane = np.lexsort((keys, turn_of_group[group], lane_of_group[group]))
    lane = lane_of_group[group][by_lane]
    first = np.searchsorted(lane, np.arange(lanes))
    place_in_lane = np.arange(count) - first[lane]
    return by_lane[np.lexsort((lane, place_in_lane))]
