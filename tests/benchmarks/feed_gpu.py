"""Does the feed keep a GPU busy? The landmark network of the example loops, on a GPU when there is.

    python tests/benchmarks/feed_gpu.py [--count 4000] [--seconds 8]

Makes its own pictures (480 x 640 JPEGs, one garment each), then measures samples per second of the
feed alone (threads, forked and spawned workers), of the network alone on one batch, and of both
together, and trains until the loss has fallen. Prints one JSON object. Needs pyarrow, pillow,
numpy, torch and this repository; under five minutes on 16 cores with a GPU.
"""

import argparse
import atexit
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import torch  # noqa: E402
from drawn_garments import skirt  # noqa: E402
from releases import write_release  # noqa: E402
from training_loops import LandmarkNetwork, fell, landmark_loss, train  # noqa: E402

from flows.feed import Feed, Loader, Sampler  # noqa: E402
from flows.feed.pytorch import TorchLoader, pinned_tensors, tensors  # noqa: E402

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
            count += len(batch["picture"])
    return count / (time.perf_counter() - start)


def trained(network: torch.nn.Module, batches: Iterable[Any]) -> tuple[float, list[float]]:
    """Samples per second of training on the batches, and the losses."""
    seen: list[tuple[float, int]] = []

    def watched() -> Iterator[Any]:
        for batch in batches:
            seen.append((time.perf_counter(), len(batch["picture"])))
            yield batch

    losses = train(network, landmark_loss, watched())
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    took = time.perf_counter() - seen[2][0]
    return sum(count for _, count in seen[2:]) / took, losses


def main() -> None:
    """Make the pictures, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--count", type=int, default=4000)
    options.add_argument("--seconds", type=float, default=8)
    options.add_argument("--batch", type=int, default=128)
    given = options.parse_args()
    cores = len(os.sched_getaffinity(0))
    folder = Path(tempfile.mkdtemp(prefix="wardrobe-feed-gpu-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    started = time.perf_counter()
    with ProcessPoolExecutor(cores) as pool:
        draw = partial(skirt, width=480, height=640)
        rows = list(pool.map(draw, range(1, given.count + 1), chunksize=50))
    release = write_release(folder, rows, per_part=4096)
    prepared = time.perf_counter() - started

    gpu = torch.cuda.is_available()
    collate = pinned_tensors if gpu else tensors
    feed = Feed(
        release,
        "deepfashion2",
        "train",
        task="landmarks",
        crop="items",
        size=SIZE,
        cache=folder / "cache",
    )

    def threads(count: int) -> Loader:
        sampler = Sampler(feed, seed=1)
        return Loader(feed, sampler, batch_size=given.batch, threads=count, collate=collate)

    def workers(count: int, how: str) -> TorchLoader:
        return TorchLoader(
            feed,
            Sampler(feed, seed=1),
            batch_size=given.batch,
            num_workers=count,
            multiprocessing_context=how,
            pin_memory=gpu,
            persistent_workers=True,
        )

    seconds = given.seconds
    found: dict[str, Any] = {}
    counts = sorted({1, cores // 2 or 1, cores})
    for count in counts:
        found[f"feed, {count} threads"] = rate(for_seconds(endless(threads(count)), seconds))
    for how in ("fork", "spawn"):
        loader = workers(cores, how)
        found[f"feed, {cores} workers ({how})"] = rate(for_seconds(endless(loader), seconds))
        del loader
    network = LandmarkNetwork(8, width=64)
    batch = next(iter(threads(cores)))
    repeated = (batch for _ in iter(int, 1))
    found["network alone"], _ = trained(network, for_seconds(repeated, seconds))
    for name, loader in (
        (f"together, {cores} threads", threads(cores)),
        (f"together, {cores} workers (fork)", workers(cores, "fork")),
    ):
        found[name], losses = trained(
            LandmarkNetwork(8, width=64), for_seconds(endless(loader), 2 * seconds)
        )
        found[f"loss, last over first fifth ({name})"] = fell(losses)
        found[f"steps ({name})"] = len(losses)
    report = {
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "cores": cores,
        "pictures": given.count,
        "batch": given.batch,
        "size": SIZE,
        "seconds to prepare": prepared,
        "samples per second": found,
        "seconds in all": time.perf_counter() - started,
    }
    print(json.dumps(report, indent=1, default=float))


if __name__ == "__main__":
    main()
