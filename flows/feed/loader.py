"""The feed's own loader: threads decode ahead, and the state counts what the loop has seen."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

from flows.feed.batches import in_batches, stack
from flows.feed.sampler import Sampler


class Samples(Protocol):
    """What a loader reads from: a Feed, or any map of samples by number."""

    def __getitems__(self, places: Sequence[int]) -> list[Any]: ...


class ResumableLoader:
    """Length and state of a loader that goes through a sampler, in batches of `batch_size`.

    Without `batch_size` each of the sampler's rows is a batch (identity batches).
    """

    def __init__(self, sampler: Sampler, batch_size: int | None, drop_last: bool) -> None:
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __len__(self) -> int:
        """Batches from where the iteration begins to the end of the epoch."""
        rows = len(self.sampler)
        if self.batch_size is None:
            return rows
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch, as DistributedSampler has it."""
        self.sampler.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where the loop is, not the workers; equal on all ranks after equal numbers of steps."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the state was taken, with any world size, batch size, threads or workers."""
        self.sampler.load_state_dict(state)


class Loader(ResumableLoader):
    """Batches in the sampler's order, decoded by `threads` threads while the loop trains.

    Decoding leaves Python's lock alone, so threads fill the cores without the memory, the start
    and the copying of worker processes. `batch_size` None takes batches as the sampler gives them
    (identity batches). `collate` makes a batch of samples in the thread; `stack` makes NumPy
    arrays, flows.feed.pytorch has one for tensors. At most `ahead` batches wait.

    `state_dict` says what the loop was given: a batch counts as consumed when it is handed out by
    iteration, however many are decoded ahead.
    """

    def __init__(
        self,
        feed: Samples,
        sampler: Sampler,
        *,
        batch_size: int | None = None,
        threads: int = 2,
        ahead: int | None = None,
        drop_last: bool = False,
        collate: Callable[[list[Any]], Any] = stack,
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads {threads}: give at least 1")
        super().__init__(sampler, batch_size, drop_last)
        self.feed, self.threads, self.collate = feed, threads, collate
        self.ahead = threads + 2 if ahead is None else max(ahead, 1)

    def __iter__(self) -> Iterator[Any]:
        if self.batch_size is None:
            plan: Iterator[list[int]] = iter(self.sampler)
        else:
            plan = in_batches(self.sampler, self.batch_size, drop_last=self.drop_last)
        with ThreadPoolExecutor(self.threads, "feed") as pool:
            pending: deque[tuple[int, Future[Any]]] = deque()
            try:
                while True:
                    for rows in islice(plan, self.ahead - len(pending)):
                        consumed = 1 if self.batch_size is None else len(rows)
                        pending.append((consumed, pool.submit(self._make, rows)))
                    if not pending:
                        return
                    consumed, batch = pending.popleft()
                    made = batch.result()
                    self.sampler.advance(consumed)
                    yield made
            finally:
                for _, waiting in pending:
                    waiting.cancel()

    def _make(self, rows: list[int]) -> Any:
        return self.collate(self.feed.__getitems__(rows))


def consumed(
    batches: Iterable[Any], sampler: Sampler, batch_size: int | None = None
) -> Iterator[Any]:
    """The batches of a DataLoader of your own, with the sampler advanced by what the loop received.

    `batch_size` is that of the DataLoader; None when the sampler is its `batch_sampler`.
    """
    left = len(sampler)
    for batch in batches:
        size = 1 if batch_size is None else min(batch_size, left)
        left -= size
        sampler.advance(size)
        yield batch
