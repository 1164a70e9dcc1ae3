"""The feed at the size of the whole DeepFashion2 training set: opening, and memory of a worker.

    python tests/benchmarks/feed_index.py [--images 191961]

Makes a release of that many images with 1.63 items each (landmarks, polygons and pairs included;
every image shows the same picture), opens it for the first time and again, and reads samples in
forked and spawned workers. MB is what a process has written and owns alone; mapped files are
shared by all.
"""

import argparse
import atexit
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from releases import jpeg  # noqa: E402

from flows.feed import Feed, IdentityBatches, Sampler  # noqa: E402
from schemas import TABLES  # noqa: E402
from schemas.categories import CATEGORIES  # noqa: E402

PART = 4096
COUNTS = np.array([0, *(category.landmarks for category in CATEGORIES["deepfashion2"])])


def private_mb() -> float:
    """Memory this process has written and owns alone, in MB; mapped files are not its own."""
    fields = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(f.split()[1]) for f in fields if f.startswith("Private_Dirty")) / 1024


def write(release: Path, table: str, part: int, columns: dict[str, Any]) -> None:
    """One file of a table; columns that are not given hold a default."""
    schema = TABLES[table].file_schema
    count = len(next(iter(columns.values())))
    defaults: dict[Any, Any] = {pa.string(): "any", pa.bool_(): True, pa.float64(): 1.0}
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.array([defaults.get(field.type, 1)] * count, field.type)
        for field in schema
    ]
    folder = release / table / "dataset=deepfashion2" / "split=train"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        folder / f"part-{part:05d}.parquet",
        compression="zstd",
    )


def make_release(folder: Path, images: int) -> Path:
    """Tables of a whole training set, part by part."""
    release = folder / "release"
    random = np.random.default_rng(0)
    for part, first in enumerate(range(1, images + 1, PART)):
        ids = np.arange(first, min(first + PART, images + 1))
        user = np.where(ids % 13 < 5, "user", "shop")
        facts = {"image_status": np.full(len(ids), "ok"), "width": np.full(len(ids), 640)}
        facts |= {"height": np.full(len(ids), 800), "file_name": np.full(len(ids), "000001.jpg")}
        write(
            release, "images", part, facts | {"image_id": ids, "source": user, "pair_id": ids // 13}
        )
        per_image = random.choice([1, 2, 3], len(ids), p=[0.42, 0.53, 0.05])
        owner = np.repeat(ids, per_image)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(per_image) - per_image, per_image) + 1
        kind = random.choice(np.arange(1, 14), len(owner))
        box = {"x1": 10.0, "y1": 20.0, "x2": 400.0, "y2": 700.0}
        write(
            release,
            "items",
            part,
            {"image_id": owner, "item_no": number, "category_id": kind, "style": number}
            | {name: np.full(len(owner), value) for name, value in box.items()},
        )
        points = COUNTS[kind]
        at = random.uniform(0, 640, (2, points.sum())).round()
        write(
            release,
            "landmarks",
            part,
            {
                "image_id": np.repeat(owner, points),
                "item_no": np.repeat(number, points),
                "x": at[0],
                "y": at[1],
                "visibility": random.choice(["visible", "occluded"], points.sum()),
            },
        )
        flat = random.uniform(0, 640, 2 * len(owner) * 20).round(2)
        ends = np.arange(0, len(flat) + 1, 20, dtype=np.int32)
        write(
            release,
            "polygons",
            part,
            {
                "image_id": np.repeat(owner, 2),
                "item_no": np.repeat(number, 2),
                "points": pa.ListArray.from_arrays(pa.array(ends), pa.array(flat)),
            },
        )
        pairs = [
            (ids[u], 1, ids[s], 1)
            for group in np.split(np.arange(len(ids)), np.flatnonzero(np.diff(ids // 13)) + 1)
            for u in group
            if user[u] == "user"
            for s in group
            if user[s] == "shop"
        ]
        sides = ("user_image_id", "user_item_no", "shop_image_id", "shop_item_no")
        write(
            release,
            "pairs",
            part,
            {"pair_kind": np.full(len(pairs), "positive")}
            | dict(zip(sides, np.array(pairs).T, strict=True)),
        )
    source = folder / "source" / "train" / "image"
    source.mkdir(parents=True)
    (source / "000001.jpg").write_bytes(jpeg(640, 800))
    pictures = {
        "location": str(folder / "source"),
        "kind": "folder",
        "pictures": {"train": "train/image/{file_name}"},
    }
    manifest = {"release": "full-size", "inputs": {"deepfashion2": pictures}}
    (release / "manifest.json").write_text(json.dumps(manifest))
    return release


def worker(feed: Feed, before: float, answers: Any) -> None:
    """Read 300 samples all over the split and say what that cost."""
    # Compared with a worker that holds the same libraries, forked or spawned.
    started = time.perf_counter()
    for place in np.linspace(0, len(feed) - 1, 300).astype(int).tolist():
        feed[place]
    answers.put((private_mb() - before, time.perf_counter() - started))


def idle(answers: Any) -> None:
    """What a worker owns that does nothing."""
    answers.put(private_mb())


def timed(make: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    made = make()
    return made, time.perf_counter() - start


def opening(release: Path, cache: Path) -> Feed:
    """A feed with everything it may need mapped."""
    feed = Feed(
        release, "deepfashion2", "train", task="landmarks", crop="items", size=128, cache=cache
    )
    _ = feed.index.landmarks, feed.index.polygons
    return feed


def in_process(how: str, target: Any, *arguments: Any) -> Any:
    """What a function answers in a process of its own."""
    context = multiprocessing.get_context(how)
    answers = context.Queue()
    process = context.Process(target=target, args=(*arguments, answers))
    process.start()
    answer = answers.get()
    process.join()
    return answer


def main() -> None:
    """Make, open, open again, spread, print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--images", type=int, default=191_961)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wardrobe-feed-index-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    release, making = timed(lambda: make_release(folder, given.images))
    print(f"made in {making:.0f} s", file=sys.stderr)
    cache = folder / "cache"
    _, first = timed(lambda: in_process("spawn", _open_alone, release, cache))
    own, peak = in_process("spawn", _open_alone, release, cache / "again")
    before = private_mb()
    feed, again = timed(lambda: opening(release, cache))
    opened = private_mb() - before
    _, shuffle = timed(lambda: feed.order(1, 1))
    sampler = Sampler(feed)
    sampler.load_state_dict(sampler.state_dict() | {"position": len(feed) // 2})
    _, resume = timed(lambda: next(iter(sampler)))
    retrieval = Feed(release, "deepfashion2", "train", task="retrieval", cache=cache)
    plan, planning = timed(lambda: IdentityBatches(retrieval))
    _, identity = timed(lambda: plan.order(1, 1))
    report = {
        "items": len(feed.index.items["item_no"]),
        "landmarks": len(feed.index.landmarks[1]),
        "first opening, s": first,
        "first opening, peak MB": peak,
        "first opening, own MB after": own,
        "index on disk, MB": sum(f.stat().st_size for f in cache.glob("feed-indexes/*/*")) / 2**20,
        "opening again, s": again,
        "opening again, own MB": opened,
        "order of an epoch, s": shuffle,
        "resume in the middle, s": resume,
        "identity plan, s": planning,
        "identity batches of an epoch, s": identity,
    }
    for how in ("fork", "spawn"):
        nothing = in_process(how, idle)
        megabytes, seconds = in_process(how, worker, feed, nothing)
        report[f"worker ({how}), own MB beyond an idle one"] = megabytes
        report[f"worker ({how}), s for 300 samples"] = seconds
    print(json.dumps(report, indent=1))


def _open_alone(release: Path, cache: Path, answers: Any) -> None:
    opening(release, cache)
    answers.put((private_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
