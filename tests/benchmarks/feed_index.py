"""The feed at the size of the whole DeepFashion2 training set: opening, and memory of a worker.

    python tests/benchmarks/feed_index.py [--images 191961]

Makes a release of that many images with 1.63 items each (landmarks, polygons and pairs included;
every image shows the same picture), opens it for the first time and again, and reads samples in
forked and spawned workers. MiB is what a process has written and owns alone; mapped files are
shared by all.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmark import in_process, memory_of, options, private_mib, timed
from large_release import write_large
from releases import jpeg

from flows.feed import Feed, IdentityBatches, Sampler
from flows.release.manifest import Changes, FileRecord, Manifest, encode_manifest


def make_release(folder: Path, images: int) -> Path:
    """A release of that many images, all of which show the same picture."""
    release = folder / "release"
    files = write_large(release, {"train": images})
    for path in files["images"]:
        table = pq.read_table(path, partitioning=None)
        for column, value in (("file_name", "000001.jpg"), ("width", 900), ("height", 900)):
            place = table.schema.get_field_index(column)
            field = table.schema.field(place)
            same = pa.array([value] * table.num_rows, field.type)
            table = table.set_column(place, field, same)
        pq.write_table(table, path)
    source = folder / "source" / "train" / "image"
    source.mkdir(parents=True)
    (source / "000001.jpg").write_bytes(jpeg(900, 900))
    pictures = {
        "location": str(folder / "source"),
        "kind": "folder",
        "pictures": {"train": "train/image/{file_name}"},
    }
    records = [
        FileRecord(path.relative_to(release).as_posix(), table, 0, 0, "")
        for table, paths in files.items()
        for path in paths
    ]
    manifest = Manifest(
        release="full-size", created=datetime(2026, 11, 21, tzinfo=UTC), parent=None, content="",
        versions={}, inputs={"deepfashion2": pictures}, parameters={}, parts={}, files=records,
        checks=[], changes=Changes(""), runs={},
    )  # fmt: skip
    (release / "manifest.json").write_bytes(encode_manifest(manifest))
    return release


def opening(release: Path, cache: Path) -> Feed:
    """A feed with everything it may need mapped."""
    feed = Feed(
        release, "deepfashion2", "train", task="landmarks", crop="items", size=128, cache=cache
    )
    _ = feed.index.landmarks, feed.index.polygons
    return feed


def open_alone(release: Path, cache: Path) -> tuple[float, float, float]:
    """Open in this process: seconds, own MiB after it, peak MiB."""
    _, cost = timed(opening, release, cache)
    return cost.seconds, private_mib(), memory_of("VmHWM")


def read_samples(feed: Feed, before: float) -> tuple[float, float]:
    """Read 300 samples from all over the split: MiB beyond an idle worker, seconds."""
    started = time.perf_counter()
    for place in np.linspace(0, len(feed) - 1, 300).astype(int).tolist():
        feed[place]
    return private_mib() - before, time.perf_counter() - started


def main() -> None:
    """Make, open, open again, read in workers, print."""
    chosen = options(__doc__, images=191_961)
    with tempfile.TemporaryDirectory(prefix="wardrobe-feed-index-") as folder:
        report = measure(Path(folder), chosen.images)
    print(json.dumps(report, indent=1))


def measure(folder: Path, images: int) -> dict[str, Any]:
    release, making = timed(make_release, folder, images)
    print(f"made in {making.seconds:.0f} s", file=sys.stderr)
    cache = folder / "cache"
    first, own, peak = in_process("spawn", open_alone, release, cache)
    before = private_mib()
    feed, again = timed(opening, release, cache)
    report = {
        "items": len(feed.index.items["item_no"]),
        "landmarks": len(feed.index.landmarks[1]),
        "first opening, s": first,
        "first opening, peak MiB": peak,
        "first opening, own MiB after": own,
        "index on disk, MiB": sum(f.stat().st_size for f in cache.glob("feed-indexes/*/*")) / 2**20,
        "opening again, s": again.seconds,
        "opening again, own MiB": private_mib() - before,
        "order of an epoch, s": timed(feed.order, 1, 1)[1].seconds,
    }
    sampler = Sampler(feed)
    sampler.load_state_dict(sampler.state_dict() | {"position": len(feed) // 2})
    report["resume in the middle, s"] = timed(lambda: next(iter(sampler)))[1].seconds
    retrieval = Feed(release, "deepfashion2", "train", task="retrieval", cache=cache)
    plan, planning = timed(IdentityBatches, retrieval)
    report["identity plan, s"] = planning.seconds
    report["identity batches of an epoch, s"] = timed(plan.order, 1, 1)[1].seconds
    for method in ("fork", "spawn"):
        idle = in_process(method, private_mib)  # a worker with the same libraries
        memory, seconds = in_process(method, read_samples, feed, idle)
        report[f"worker ({method}), own MiB beyond an idle one"] = memory
        report[f"worker ({method}), s for 300 samples"] = seconds
    return report


if __name__ == "__main__":
    main()
