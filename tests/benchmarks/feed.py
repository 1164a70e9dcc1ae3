"""How fast the feed is against the limit and against others: samples per second of one core.

    python tests/benchmarks/feed.py [--count 1500] [--folder DIR] [--only WORD]

Each way runs in a process of its own, bound to one core, over the same pictures in random order
(streams in theirs), and is measured in CPU seconds, because the machine may be shared. glibc gives
the memory of each freed picture back and pays for fresh pages at the next one, depending on what
else a process allocates; so the ways of others run twice, as they come and told to keep it (the
feed does that by itself). MB is the memory the process has written and owns, libraries included.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(Path(__file__).parent)]

WAYS = {
    "plain Pillow decode (the limit)": "plain",
    "feed, images at full size": "feed",
    "feed through its Loader, full size": "loader",
    "folder of JPEGs + COCO file": "coco",
    "Hugging Face map style": "hf_map",
    "Hugging Face streaming, shuffled": "hf_stream",
    "Hugging Face streaming, in order": "hf_stream_plain",
    "plain decode + resize to 192 x 256": "plain_small",
    "Hugging Face streaming + resize to 192 x 256": "hf_stream_192",
    "feed, images at 160 x 200": "feed_160",
    "feed, images at 192 x 256": "feed_192",
    "feed, item crops at 192 x 256": "feed_crops",
    "feed, item crops at 96 x 128": "feed_crops_small",
}

OURS = ("feed", "loader")


def plain(data, count):
    """Open and decode files in random order, nothing else."""
    import numpy as np
    from PIL import Image

    files = sorted(data["pictures"].iterdir())
    for place in np.random.default_rng(0).permutation(count):
        with Image.open(files[place]) as picture:
            yield np.asarray(picture.convert("RGB"))


def plain_small(data, count):
    """What most data sets do: decode whole, then resize."""
    import numpy as np
    from PIL import Image

    files = sorted(data["pictures"].iterdir())
    for place in np.random.default_rng(0).permutation(count):
        with Image.open(files[place]) as picture:
            small = picture.convert("RGB").resize((192, 256), Image.Resampling.BILINEAR)
            yield np.asarray(small)


def _feed(data, **options):
    from flows.feed import Feed, Sampler

    feed = Feed(
        data["release"], "deepfashion2", "train", cache=data["release"].parents[2], **options
    )
    return feed, Sampler(feed)


def feed(data, count, **options):
    """The map, sample by sample."""
    rows, sampler = _feed(data, **options)
    for place in sampler:
        yield rows[place]


def feed_160(data, count):
    """One of the scales a JPEG can be decoded at."""
    yield from feed(data, count, size=(160, 200))


def feed_192(data, count):
    """Between two scales: decoded at a half, averaged down."""
    yield from feed(data, count, size=(192, 256))


def feed_crops(data, count):
    """Two items per picture, each decoded on its own."""
    yield from feed(data, count, task="landmarks", crop="items", size=(192, 256))


def feed_crops_small(data, count):
    """Smaller crops: most pictures decoded at a quarter."""
    yield from feed(data, count, task="landmarks", crop="items", size=(96, 128))


def loader(data, count):
    """Batches of 32 from one thread, collated."""
    from flows.feed import Loader

    rows, sampler = _feed(data)
    for batch in Loader(rows, sampler, batch_size=32, threads=1, ahead=2):
        yield from batch["image_id"]


def coco(data, count):
    """As torchvision's CocoDetection: annotations in Python, pictures from the folder."""
    from collections import defaultdict

    import numpy as np
    from PIL import Image

    loaded = json.loads(data["coco"].read_text())
    things = defaultdict(list)
    for annotation in loaded["annotations"]:
        things[annotation["image_id"]].append(annotation)
    for place in np.random.default_rng(0).permutation(count):
        head = loaded["images"][place]
        with Image.open(data["pictures"] / head["file_name"]) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        boxes = np.array([thing["bbox"] for thing in things[head["id"]]], np.float32)
        points = [np.array(t["keypoints"], np.float32).reshape(-1, 3) for t in things[head["id"]]]
        yield pixels, boxes, points


def _hugging_face(data, **options):
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    from datasets import load_dataset

    return load_dataset(
        "parquet",
        data_files=str(data["shards"]),
        split="train",
        cache_dir=str(data["shards"].parent / "hf"),
        **options,
    )


def hf_map(data, count):
    """Arrow on disk, memory-mapped, in random order, as NumPy."""
    import numpy as np

    table = _hugging_face(data).with_format("numpy")
    for place in np.random.default_rng(0).permutation(count):
        yield table[int(place)]


def hf_stream(data, count):
    """Parquet read forward as NumPy; the buffer holds as many samples as ours mixes."""
    stream = _hugging_face(data, streaming=True).shuffle(seed=0, buffer_size=1600)
    yield from stream.with_format("numpy")


def hf_stream_plain(data, count):
    """The same without shuffling: the least it can cost."""
    yield from _hugging_face(data, streaming=True).with_format("numpy")


def hf_stream_192(data, count):
    """Streaming, each picture resized after decoding."""
    import numpy as np
    from PIL import Image

    for sample in _hugging_face(data, streaming=True):
        small = sample["image"].resize((192, 256), Image.Resampling.BILINEAR)
        yield np.asarray(small)


def private_mb() -> float:
    """Memory this process has written and owns alone, in MB; mapped files are not its own."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(f.split()[1]) for f in fields if f.startswith("Private_Dirty")) / 1024


def measure(way: str, data: dict[str, Path], count: int) -> dict[str, float]:
    """One way in this process, from the 50th sample to the last."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    cpu = wall = megabytes = 0.0
    for seen, sample in enumerate(globals()[way](data, count), start=1):
        del sample
        if seen == 50:
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
        if seen % 500 == 0:
            megabytes = max(megabytes, private_mb())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": (seen - 50) / cpu, "wall": (seen - 50) / wall, "mb": megabytes}


def run_alone(way: str, folder: Path, count: int, *, kept: bool) -> dict[str, float] | None:
    """One way in its own process; `kept` tells glibc to keep freed memory, as the feed does."""
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    environment = dict(os.environ)
    if kept:
        environment |= {"MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
        environment |= {"MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
    out = subprocess.run(
        [*command, "--count", str(count)], capture_output=True, text=True, env=environment
    )
    if out.returncode:
        print(f"{way}: {out.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    """Prepare the pictures, run every way in turn, print a table."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--count", type=int, default=1500)
    options.add_argument("--folder", type=Path)
    options.add_argument("--only", default="")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--way")
    given = options.parse_args()
    folder = given.folder or Path(tempfile.gettempdir()) / "wardrobe-bench-feed"
    folder.mkdir(parents=True, exist_ok=True)
    from feed_data import prepare

    data = prepare(folder, given.count)
    if given.way:
        print(json.dumps(measure(given.way, data, given.count)))
        return
    best: dict[tuple[str, bool], dict[str, float]] = {}
    for _ in range(given.repeat):  # in turn, so that a busy minute hits every way
        for way in WAYS.values():
            for kept in (False, True):
                if given.only in way and not (kept and way.startswith(OURS)):
                    found = run_alone(way, folder, given.count, kept=kept)
                    if found and found["cpu"] > best.get((way, kept), {"cpu": 0.0})["cpu"]:
                        best[way, kept] = found
    print_table(best, given.count)


def print_table(best: dict[tuple[str, bool], dict[str, float]], count: int) -> None:
    """Rates of one core; the limit is plain decoding with freed memory kept."""
    limit = best.get(("plain", True), {"cpu": float("nan")})["cpu"]
    print(f"| way ({count} pictures), samples/s | as it comes | memory kept | of the limit | MB |")
    print("|---|---:|---:|---:|---:|")
    for name, way in WAYS.items():
        found = [best.get((way, kept)) for kept in (False, True)]
        if any(found):
            rates = [f"{one['cpu']:.0f}" if one else "" for one in found]
            top = max(one["cpu"] for one in found if one) / limit
            print(f"| {name} | {rates[0]} | {rates[1]} | {top:.2f} | {found[0]['mb']:.0f} |")


if __name__ == "__main__":
    main()
