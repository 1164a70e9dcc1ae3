"""The feed under PyTorch: tensors, and a DataLoader whose state counts what the loop has seen.

The only module of the feed that imports torch; `import flows.feed` does not.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from flows.feed.batches import stack
from flows.feed.loader import ResumableLoader, Samples, consumed
from flows.feed.sampler import Sampler


def tensors(samples: Sequence[Any]) -> Any:
    """`collate_fn`: as flows.feed.stack, with tensors for arrays; lists of arrays stay lists.

    Pictures stay uint8 and channels last: moving and converting them is cheaper on the GPU.
    """
    return _each(stack(samples), np.ndarray, torch.from_numpy)


def pinned_tensors(samples: Sequence[Any]) -> Any:
    """As `tensors`, in page-locked memory, from which a GPU copies while the loop goes on."""
    return _each(tensors(samples), torch.Tensor, torch.Tensor.pin_memory)


def channels_first(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 pictures (n, h, w, c) to float32 (n, c, h, w) between 0 and 1, on their device."""
    return pictures.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)


class TorchLoader(ResumableLoader):
    """A DataLoader over a feed with state_dict and load_state_dict; other arguments go to it.

    `batch_size` None takes the sampler's own batches (identity batches). Workers may be forked or
    spawned (`multiprocessing_context="spawn"`).
    """

    def __init__(
        self,
        feed: Samples,
        sampler: Sampler,
        *,
        batch_size: int | None = None,
        collate_fn: Callable[[list[Any]], Any] = tensors,
        drop_last: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(sampler, batch_size, drop_last)
        how: dict[str, Any] = {"batch_sampler": sampler}
        if batch_size is not None:
            how = {"sampler": sampler, "batch_size": batch_size, "drop_last": drop_last}
        self.loader: DataLoader[Any] = DataLoader(
            cast(Dataset[Any], feed), collate_fn=collate_fn, **how, **options
        )

    def __iter__(self) -> Iterator[Any]:
        return consumed(self.loader, self.sampler, self.batch_size)


def _each(value: Any, kind: type, convert: Callable[[Any], torch.Tensor]) -> Any:
    """The same nesting with every value of the kind converted."""
    if isinstance(value, kind):
        return convert(value)
    if isinstance(value, dict):
        return {key: _each(inner, kind, convert) for key, inner in value.items()}
    if isinstance(value, list):
        return [_each(inner, kind, convert) for inner in value]
    return value
