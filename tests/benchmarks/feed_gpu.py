"""Does the feed keep a GPU busy? The landmark network of the example loops, on a GPU when there is.

    python tests/benchmarks/feed_gpu.py [--count 4000] [--seconds 8]

Makes its own pictures (480 x 640 JPEGs, one garment each), then measures samples per second of the
feed alone (threads, forked and spawned workers), of the network alone on one batch, and of both
together, and trains until the loss has fallen. Prints one JSON object. Needs pyarrow, pillow,
numpy, torch and this repository; under five minutes on 16 cores with a GPU.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from benchmark import options, timed
from drawn_garments import skirt
from releases import write_release
from training_loops import LandmarkNetwork, fell, landmark_loss, train

from flows.feed import Feed, Loader, Sampler
from flows.feed.pytorch import TorchLoader, pinned_tensors, tensors

SIZE = (192, 256)


def endless(loader: Any) -> Iterator[Any]:
    """Epoch after epoch."""
    epoch = 0
    while True:
        loader.set_epoch(epoch)
        yield from loader
        epoch += 1


def for_seconds(batches: Iterable[Any], seconds: float) -> Iterator[Any]:
    """Batches until the time is over; the clock starts after the first two."""
    end = None
    for number, batch in enumerate(batches):
        if number == 2:
            end = time.perf_counter() + seconds
        if end is not None and time.perf_counter() > end:
            return
        yield batch


def rate(batches: Iterable[Any]) -> float:
    """Samples per second from the third batch on, whatever is done with them meanwhile."""
    count, start = 0, 0.0
    for number, batch in enumerate(batches):
        if number == 2:
            start = time.perf_counter()
        elif number > 2:
            count += len(batch["image"])
    return count / (time.perf_counter() - start)


def trained(network: torch.nn.Module, batches: Iterable[Any]) -> tuple[float, list[float]]:
    """Samples per second of training on the batches, and the losses."""
    seen: list[tuple[float, int]] = []

    def watched() -> Iterator[Any]:
        for batch in batches:
            seen.append((time.perf_counter(), len(batch["image"])))
            yield batch

    losses = train(network, landmark_loss, watched())
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    took = time.perf_counter() - seen[2][0]
    return sum(count for _, count in seen[2:]) / took, losses


def made(folder: Path, count: int, cores: int) -> Path:
    """A release of drawn garments."""
    with ProcessPoolExecutor(cores) as pool:
        draw = partial(skirt, width=480, height=640)
        images = list(pool.map(draw, range(1, count + 1), chunksize=50))
    return write_release(folder, images, per_part=4096)


def measure(feed: Feed, batch_size: int, seconds: float, cores: int) -> dict[str, float]:
    """Samples per second of each way, and how training went."""
    gpu = torch.cuda.is_available()

    def threads(count: int) -> Loader:
        collate = pinned_tensors if gpu else tensors
        sampler = Sampler(feed, seed=1)
        return Loader(feed, sampler, batch_size=batch_size, threads=count, collate=collate)

    def workers(count: int, method: str) -> TorchLoader:
        return TorchLoader(
            feed, Sampler(feed, seed=1), batch_size=batch_size, num_workers=count,
            multiprocessing_context=method, pin_memory=gpu, persistent_workers=True,
        )  # fmt: skip

    rates: dict[str, float] = {}
    for count in sorted({1, cores // 2 or 1, cores}):
        rates[f"feed, {count} threads"] = rate(for_seconds(endless(threads(count)), seconds))
    for method in ("fork", "spawn"):
        batches = for_seconds(endless(workers(cores, method)), seconds)
        rates[f"feed, {cores} workers ({method})"] = rate(batches)
    batch = next(iter(threads(cores)))
    network = LandmarkNetwork(8, width=64)
    rates["network alone"], _ = trained(network, for_seconds(repeat(batch), seconds))
    for name, loader in (
        (f"together, {cores} threads", threads(cores)),
        (f"together, {cores} workers (fork)", workers(cores, "fork")),
    ):
        batches = for_seconds(endless(loader), 2 * seconds)
        rates[name], losses = trained(LandmarkNetwork(8, width=64), batches)
        rates[f"loss, last over first fifth ({name})"] = fell(losses)
        rates[f"steps ({name})"] = len(losses)
    return rates


def main() -> None:
    """Make the pictures, measure, print."""
    chosen = options(__doc__, count=4000, seconds=8.0, batch=128)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="wardrobe-feed-gpu-") as temporary:
        folder = Path(temporary)
        release, prepared = timed(made, folder, chosen.count, cores)
        feed = Feed(
            release, "deepfashion2", "train", task="landmarks", crop="items", size=SIZE,
            cache=folder / "cache",
        )  # fmt: skip
        rates, took = timed(measure, feed, chosen.batch, chosen.seconds, cores)
    report = {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "cores": cores,
        "pictures": chosen.count,
        "batch": chosen.batch,
        "size": SIZE,
        "seconds to prepare": prepared.seconds,
        "samples per second": rates,
        "seconds in all": prepared.seconds + took.seconds,
    }
    print(json.dumps(report, indent=1, default=float))


if __name__ == "__main__":
    main()
