"""Three small training loops on the feed: landmarks, retrieval, classification.

Written to be read and copied: a network, a loss, and `train`, which is the same for all.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from flows.feed.pytorch import channels_first

Batch = dict[str, Any]


def device() -> torch.device:
    """The GPU when torch sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def moved(batch: Batch, where: torch.device) -> Batch:
    """Tensors of a batch on the device; pictures go as uint8 and become floats there."""
    there = {
        key: value.to(where, non_blocking=True) if isinstance(value, torch.Tensor) else value
        for key, value in batch.items()
    }
    return there | {"input": channels_first(there["image"])}


def train(
    network: nn.Module,
    loss_of: Callable[[nn.Module, Batch], torch.Tensor],
    batches: Iterable[Batch],
    *,
    rate: float = 2e-3,
    where: torch.device | None = None,
) -> list[float]:
    """One step for each batch; returns the losses."""
    where = where or device()
    network.to(where).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    losses = []
    for batch in batches:
        loss = loss_of(network, moved(batch, where))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return [float(loss) for loss in losses]


def fell(losses: list[float]) -> float:
    """The mean of the last fifth over the mean of the first."""
    part = max(len(losses) // 5, 1)
    return sum(losses[-part:]) / sum(losses[:part])


class LandmarkNetwork(nn.Module):
    """Pictures to one heat map for each landmark, at a quarter of the size."""

    def __init__(self, landmarks: int, width: int = 24) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        before = 3
        for stride in (2, 2, 1, 1):
            steps += [nn.Conv2d(before, width, 5, stride, 2), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        self.body = nn.Sequential(*steps, nn.Conv2d(width, landmarks, 1))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.body(pictures)


def heat_maps(landmarks: torch.Tensor, high: int, wide: int, spread: float) -> torch.Tensor:
    """Landmarks (n, k, 3) in pixels of a map of that size to bumps (n, k, high, wide)."""
    x = torch.arange(wide, device=landmarks.device) + 0.5
    y = torch.arange(high, device=landmarks.device) + 0.5
    near_x = torch.exp(-((x - landmarks[..., 0:1]) ** 2) / (2 * spread**2))
    near_y = torch.exp(-((y - landmarks[..., 1:2]) ** 2) / (2 * spread**2))
    return near_y[..., :, None] * near_x[..., None, :]


def landmark_loss(network: nn.Module, batch: Batch) -> torch.Tensor:
    """Squared distance between maps, over the landmarks that are labelled."""
    maps = network(batch["input"])
    points = batch["landmarks"].clone()
    points[..., :2] /= 4
    wanted = heat_maps(points, *maps.shape[-2:], spread=1.5)
    labelled = (points[..., 2] > 0).float()[..., None, None]
    return 100 * (labelled * (maps - wanted) ** 2).sum() / labelled.sum() / wanted[0, 0].numel()


class Embedding(nn.Module):
    """Pictures to points on a sphere."""

    def __init__(self, width: int = 16, size: int = 32) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 5, 2, 2),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * width, size),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.body(pictures), dim=1)


def triplet_loss(network: nn.Module, batch: Batch) -> torch.Tensor:
    """For each item the hardest positive and the hardest negative of its batch."""
    points = network(batch["input"])
    distances = torch.cdist(points, points)
    same = batch["identity"][:, None] == batch["identity"][None, :]
    furthest = (distances - 1e3 * ~same).amax(1)
    nearest = (distances + 1e3 * same).amin(1)
    return functional.relu(furthest - nearest + 0.3).mean()


class Classifier(nn.Module):
    """Grey pictures of 28 x 28 to ten classes."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, classes),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.body(pictures)


def class_loss(network: nn.Module, batch: Batch) -> torch.Tensor:
    """Cross entropy against the labels."""
    return functional.cross_entropy(network(batch["input"]), batch["label"])


def rates(
    network: nn.Module,
    loss_of: Callable[[nn.Module, Batch], torch.Tensor],
    loader: Iterable[Batch],
    *,
    where: torch.device | None = None,
    steps: int = 10,
) -> dict[str, float]:
    """Samples per second: of the feed alone, of the network alone, of both together.

    `feed` iterates without training, `network` trains on one batch again and again.
    """
    where = where or device()
    start, count, last = time.perf_counter(), 0, None
    for last in loader:
        count += len(last["image"])
    feed = count / (time.perf_counter() - start)
    assert last is not None
    train(network, loss_of, [last] * 3, where=where)
    _finished(where)
    start = time.perf_counter()
    train(network, loss_of, [last] * steps, where=where)
    _finished(where)
    alone = steps * len(last["image"]) / (time.perf_counter() - start)
    start = time.perf_counter()
    train(network, loss_of, loader, where=where)
    _finished(where)
    return {
        "feed": feed,
        "network": alone,
        "together": count / (time.perf_counter() - start),
    }


def _finished(where: torch.device) -> None:
    if where.type == "cuda":
        torch.cuda.synchronize()
