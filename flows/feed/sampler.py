"""The sampler: one global order per epoch, shared out to ranks, resumable anywhere."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from flows.feed.order import Ordered
from schemas.errors import InputError

TAILS = ("pad", "drop", "keep")


class Sampler:
    """Rows (or whole batches of rows) for one rank, in an order that (seed, epoch) decide alone.

    Rank r of W takes the places r, r + W, ... of the epoch's order, so a step of all ranks takes
    W neighbours and the order does not depend on W, on workers or on threads. `tail` says what
    happens when W does not divide the rows: `pad` repeats the epoch's first rows so that all ranks
    get the same number (as DistributedSampler does), `drop` leaves the last rows out, `keep`
    gives some ranks one row more (for evaluation).

    Pass it to a DataLoader as `sampler=` (or, over identity batches, as `batch_sampler=`) and call
    `set_epoch`. Iterating hands rows out; `advance` says that they were consumed, and only that
    moves the state: a DataLoader with workers asks for rows long before the training loop sees
    them. `Loader`, and `consumed` around a DataLoader of your own, call it for you.
    """

    def __init__(
        self,
        feed: Ordered,
        *,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        tail: str = "pad",
        shuffle: bool = True,
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} of {world_size}: ranks go from 0 to world_size - 1")
        if tail not in TAILS:
            raise ValueError(f"tail {tail!r}: give one of {', '.join(TAILS)}")
        if seed < 0:
            raise ValueError(f"seed {seed}: give a number from 0")
        self.feed, self.seed, self.epoch = feed, seed, 0
        self.rank, self.world_size, self.tail, self.shuffle = rank, world_size, tail, shuffle
        self._begin = 0  # the place where the coming or running iteration begins, over all ranks
        self._position = 0  # places consumed, over all ranks
        self._started = False

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch; staying in the epoch of a loaded state keeps its place."""
        if epoch != self.epoch:
            self.epoch, self._begin, self._position, self._started = epoch, 0, 0, False

    def __len__(self) -> int:
        """Rows of this rank from where the iteration begins to the end of the epoch."""
        return len(self._places(self._begin))

    def __iter__(self) -> Iterator[Any]:
        # A generator on purpose: DataLoader makes iterators that it never starts.
        if self._started:
            self._begin = 0
        self._started, self._position = True, self._begin
        order = self._order()
        for place in self._places(self._begin):
            row = order[place % len(order)]
            yield row.tolist()

    def advance(self, count: int) -> None:
        """Say that this rank (and every other) has consumed `count` more rows (or batches)."""
        self._position = min(self._position + count * self.world_size, len(self.feed))

    def state_dict(self) -> dict[str, Any]:
        """Where the training is, in five words; the same on every rank."""
        return {
            "origin": self.feed.origin,
            "selection": self.feed.selection,
            "seed": self.seed,
            "epoch": self.epoch,
            "position": self._position,
            "shuffle": self.shuffle,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the state was taken, in this rank of this world size.

        Raises InputError for a state of another release or another selection: the place would
        mean other rows.
        """
        for key, what in (("origin", "release"), ("selection", "selection of rows")):
            here = getattr(self.feed, key)
            if state[key] != here:
                raise InputError(
                    f"The state was taken in {what} {state[key]}, this feed serves {here}: open "
                    "that one, or start without the state."
                )
        self.seed, self.epoch, self.shuffle = state["seed"], state["epoch"], state["shuffle"]
        self._begin = self._position = state["position"]
        self._started = False

    def _order(self) -> np.ndarray:
        if self.shuffle:
            return self.feed.order(self.seed, self.epoch)
        return np.arange(len(self.feed))

    def _places(self, begin: int) -> range:
        """This rank's places in the order; those beyond its end start over from the front."""
        count, world = len(self.feed), self.world_size
        left = count - begin
        if self.tail == "keep":
            return range(begin + self.rank, count, world)
        each = left // world if self.tail == "drop" else -(-left // world)
        return range(begin + self.rank, begin + self.rank + each * world, world)
