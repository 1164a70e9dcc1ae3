"""How fast the feed is against the limit and against others: samples per second of one core.

    python tests/benchmarks/feed.py [--count 1500] [--folder DIR] [--only WORD]

Each way runs in a fresh process, bound to one core, over the same pictures in random order (streams
in theirs), and is measured in CPU seconds, because the machine may be shared. glibc gives the
memory of each freed picture back and pays for fresh pages at the next one, depending on what else a
process allocates; so the ways of others run twice, as they come and with freed memory kept (the
feed does that by itself). MB is the memory the process has written and owns, libraries included.
"""

import gc
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmark import in_process, options, private_mib
from feed_data import prepare
from PIL import Image

Data = dict[str, Path]
KEEP_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}


def pixels(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """What most data sets do: decode whole, then resize."""
    with Image.open(path) as picture:
        whole = picture.convert("RGB")
        return np.asarray(whole.resize(size, Image.Resampling.BILINEAR) if size else whole)


def plain(data: Data, count: int, size: tuple[int, int] | None = None) -> Iterator[Any]:
    """Open and decode files in random order, nothing else."""
    files = sorted(data["pictures"].iterdir())
    for place in np.random.default_rng(0).permutation(count):
        yield pixels(files[place], size)


def feed(data: Data, count: int, *, loader: bool = False, **options: Any) -> Iterator[Any]:
    """The map, sample by sample; or batches of 32 from one thread, collated."""
    from flows.feed import Feed, Loader, Sampler

    release = data["release"]
    rows = Feed(release, "deepfashion2", "train", cache=release.parents[2], **options)
    if loader:
        for batch in Loader(rows, Sampler(rows), batch_size=32, threads=1, ahead=2):
            yield from batch["image_id"]
    else:
        yield from (rows[place] for place in Sampler(rows))


def coco(data: Data, count: int) -> Iterator[Any]:
    """As torchvision's CocoDetection: annotations in Python, pictures from the folder."""
    content = json.loads(data["coco"].read_text())
    items = defaultdict(list)
    for annotation in content["annotations"]:
        items[annotation["image_id"]].append(annotation)
    for place in np.random.default_rng(0).permutation(count):
        image = content["images"][place]
        own = items[image["id"]]
        boxes = np.array([item["bbox"] for item in own], np.float32)
        points = [np.array(item["keypoints"], np.float32).reshape(-1, 3) for item in own]
        yield pixels(data["pictures"] / image["file_name"]), boxes, points


def _hugging_face(data: Data, **options: Any) -> Any:
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    from datasets import load_dataset

    shards = data["shards"]
    place = {"data_files": str(shards), "cache_dir": str(shards.parent / "hf")}
    return load_dataset("parquet", split="train", **place, **options)


def hf_map(data: Data, count: int) -> Iterator[Any]:
    """Arrow on disk, memory-mapped, in random order, as NumPy."""
    table = _hugging_face(data).with_format("numpy")
    for place in np.random.default_rng(0).permutation(count):
        yield table[int(place)]


def hf_stream(data: Data, count: int, *, shuffled: bool = False) -> Iterator[Any]:
    """Parquet read forward as NumPy; the buffer holds as many samples as ours mixes."""
    stream = _hugging_face(data, streaming=True)
    yield from (stream.shuffle(seed=0, buffer_size=1600) if shuffled else stream).with_format(
        "numpy"
    )


def hf_stream_small(data: Data, count: int) -> Iterator[Any]:
    """Streaming, each picture resized after decoding."""
    for sample in _hugging_face(data, streaming=True):
        yield np.asarray(sample["image"].resize((192, 256), Image.Resampling.BILINEAR))


crops = partial(feed, task="landmarks", crop="items")
LIMIT = "plain Pillow decode (the limit)"
WAYS: dict[str, Callable[[Data, int], Iterator[Any]]] = {
    LIMIT: plain,
    "feed, images at full size": feed,
    "feed through its Loader, full size": partial(feed, loader=True),
    "folder of JPEGs + COCO file": coco,
    "Hugging Face map style": hf_map,
    "Hugging Face streaming, shuffled": partial(hf_stream, shuffled=True),
    "Hugging Face streaming, in order": hf_stream,
    "plain decode + resize to 192 x 256": partial(plain, size=(192, 256)),
    "Hugging Face streaming + resize to 192 x 256": hf_stream_small,
    # A JPEG can be decoded at 160 x 200; 192 x 256 is decoded at a half and averaged.
    "feed, images at 160 x 200": partial(feed, size=(160, 200)),
    "feed, images at 192 x 256": partial(feed, size=(192, 256)),
    "feed, item crops at 192 x 256": partial(crops, size=(192, 256)),
    "feed, item crops at 96 x 128": partial(crops, size=(96, 128)),
}


def measure(way: str, data: Data, count: int) -> dict[str, float]:
    """One way in this process, from the 50th sample to the last."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    cpu = wall = memory = 0.0
    for number, sample in enumerate(WAYS[way](data, count), start=1):
        del sample
        if number == 50:
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
        if number % 500 == 0:
            memory = max(memory, private_mib())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": (number - 50) / cpu, "wall": (number - 50) / wall, "mb": memory}


def main() -> None:
    """Prepare the pictures, run every way in turn, print a table."""
    chosen = options(__doc__, count=1500, folder=None, only="", repeat=3)
    folder = chosen.folder or Path(tempfile.gettempdir()) / "wardrobe-bench-feed"
    folder.mkdir(parents=True, exist_ok=True)
    data = prepare(folder, chosen.count)
    best: dict[tuple[str, bool], dict[str, float]] = {}
    runs = [
        (way, kept)
        for way in WAYS
        for kept in (False, True)
        if chosen.only in way and not (kept and way.startswith("feed"))
    ]
    for way, kept in runs * chosen.repeat:  # in turn, so that a busy minute hits every way
        for name in KEEP_MEMORY:
            os.environ.pop(name, None)
        os.environ |= KEEP_MEMORY if kept else {}
        try:
            result = in_process("spawn", measure, way, data, chosen.count)
        except SystemExit:
            print(f"{way} failed", file=sys.stderr)
            continue
        best[way, kept] = max(best.get((way, kept), result), result, key=lambda run: run["cpu"])
    print_table(best, chosen.count)


def print_table(best: dict[tuple[str, bool], dict[str, float]], count: int) -> None:
    """Rates of one core; the limit is plain decoding with freed memory kept."""
    limit = best.get((LIMIT, True), {"cpu": float("nan")})["cpu"]
    print(f"| way ({count} pictures), samples/s | as it comes | memory kept | of the limit | MB |")
    print("|---|---:|---:|---:|---:|")
    for way in WAYS:
        runs = [best[way, kept] for kept in (False, True) if (way, kept) in best]
        if runs:
            rates = [f"{run['cpu']:.0f}" for run in runs] + [""] * (2 - len(runs))
            of_limit = max(run["cpu"] for run in runs) / limit
            print(f"| {way} | {' | '.join(rates)} | {of_limit:.2f} | {runs[0]['mb']:.0f} |")


if __name__ == "__main__":
    main()
