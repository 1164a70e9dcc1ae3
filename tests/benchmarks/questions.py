"""Time and peak memory of every statistic, pair set and check on a lake of 800,000 items.

    python tests/benchmarks/questions.py [--items 800000] [--threads 2] [--only NAME ...]

Writes a made-up release's Parquet files (no ingest) into a temporary folder, asks each query in a
process of its own and prints a table. Peak memory is what that process needed beyond its start.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from flows.warehouse import open_warehouse, queries, query, run_checks, stream_query
from schemas import TABLES
from schemas.categories import CATEGORIES
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, VISIBILITY, ZOOMS

PART = 4096
SPLITS = (("train", 0.8), ("validation", 0.2))
Files = dict[str, list[Path]]


def words(rng: np.random.Generator, choices: tuple[str, ...], weights: list[float], size: int):
    """A string column drawn from a closed list."""
    drawn = pa.array(rng.choice(len(choices), size, p=weights).astype(np.int32))
    return pa.DictionaryArray.from_arrays(drawn, pa.array(choices)).cast(pa.string())


class Part:
    """Up to 4,096 images of one split, shaped like DeepFashion2: runs of a pair_id, users first."""

    def __init__(self, rng: np.random.Generator, first: int, size: int) -> None:
        self.rng, self.images = rng, size
        self.image_id = np.arange(first, first + size)
        # About 13 images a pair_id; a third of each run consumers'.
        self.pair_id = self.image_id // 13 + 1
        self.user = self.image_id % 13 < 4
        self.width = rng.choice([468, 640, 750, 1080], size)
        self.height = rng.choice([624, 750, 960, 1440], size)
        per_image = rng.choice([1, 2, 3], size, p=[0.42, 0.527, 0.053])
        self.owner = np.repeat(np.arange(size), per_image)
        self.item_no = np.concatenate([np.arange(1, n + 1) for n in per_image])
        self.items = len(self.owner)
        self.category = rng.choice(
            np.arange(1, 14),
            self.items,
            p=np.array([72, 36, 1, 13, 16, 2, 37, 55, 31, 17, 8, 18, 6]) / 312,
        )

    def image_rows(self) -> pa.Table:
        n, rng = self.images, self.rng
        return as_table(
            "images",
            {
                "image_id": self.image_id,
                "file_name": pa.array([f"{number:06d}.jpg" for number in self.image_id]),
                "annotated": np.ones(n, bool),
                "width": self.width,
                "height": self.height,
                "format": words(rng, ("jpeg",), [1], n),
                "byte_size": rng.integers(20_000, 200_000, n),
                "image_status": words(rng, ("ok", "missing"), [0.999, 0.001], n),
                "source": pa.array(np.where(self.user, "user", "shop")),
                "pair_id": self.pair_id,
            },
        )

    def item_rows(self) -> pa.Table:
        n, rng = self.items, self.rng
        width, height = self.width[self.owner], self.height[self.owner]
        x1 = np.floor(rng.random(n) * width * 0.4)
        y1 = np.floor(rng.random(n) * height * 0.4)
        self.box = (
            x1,
            y1,
            np.floor(width * (0.6 + 0.4 * rng.random(n))),
            np.floor(height * (0.6 + 0.4 * rng.random(n))),
        )
        counts = np.array([one.landmarks for one in CATEGORIES["deepfashion2"]])[self.category - 1]
        self.landmark_owner = np.repeat(np.arange(n), counts)
        self.landmark_no = np.concatenate([np.arange(1, k + 1) for k in counts])
        self.visibility = rng.choice(3, len(self.landmark_no), p=[0.6, 0.25, 0.15])
        self.polygon_count = rng.choice([1, 2, 3, 4, 5], n, p=[0.3, 0.2, 0.3, 0.15, 0.05])
        names = pa.array([one.name for one in CATEGORIES["deepfashion2"]])
        return as_table(
            "items",
            {
                "image_id": self.image_id[self.owner],
                "item_no": self.item_no,
                "category_id": self.category,
                "category_name": names.take(pa.array(self.category - 1)),
                "style": rng.choice(6, n, p=[0.25, 0.35, 0.2, 0.1, 0.06, 0.04]),
                **dict(zip(("x1", "y1", "x2", "y2"), self.box, strict=True)),
                "scale": words(rng, SCALES, [0.26, 0.5, 0.24], n),
                "occlusion": words(rng, OCCLUSIONS, [0.47, 0.47, 0.06], n),
                "zoom_in": words(rng, ZOOMS, [0.67, 0.21, 0.12], n),
                "viewpoint": words(rng, VIEWPOINTS, [0.07, 0.78, 0.15], n),
                "landmarks_visible": np.bincount(
                    self.landmark_owner[self.visibility == 0], minlength=n
                ),
                "landmarks_occluded": np.bincount(
                    self.landmark_owner[self.visibility == 1], minlength=n
                ),
                "polygon_count": self.polygon_count,
                "document_order": self.item_no,
            },
        )

    def landmark_rows(self) -> pa.Table:
        owner, rng = self.landmark_owner, self.rng
        unlabelled = self.visibility == 2
        x1, y1, x2, y2 = (edge[owner] for edge in self.box)
        return as_table(
            "landmarks",
            {
                "image_id": self.image_id[self.owner][owner],
                "item_no": self.item_no[owner],
                "landmark_no": self.landmark_no,
                "x": pa.array(np.floor(x1 + rng.random(len(owner)) * (x2 - x1)), mask=unlabelled),
                "y": pa.array(np.floor(y1 + rng.random(len(owner)) * (y2 - y1)), mask=unlabelled),
                "visibility": pa.DictionaryArray.from_arrays(
                    pa.array(self.visibility.astype(np.int32)), pa.array(VISIBILITY)
                ).cast(pa.string()),
            },
        )

    def polygon_rows(self) -> pa.Table:
        rng = self.rng
        owner = np.repeat(np.arange(self.items), self.polygon_count)
        number = np.concatenate([np.arange(1, k + 1) for k in self.polygon_count])
        points = np.where(
            number == 1, rng.integers(18, 40, len(number)), rng.integers(5, 15, len(number))
        )
        offsets = np.concatenate([[0], np.cumsum(2 * points)])
        each = np.repeat(owner, 2 * points)
        across = np.arange(offsets[-1]) % 2 == 0  # every list has an even length
        x1, y1, x2, y2 = (edge[each] for edge in self.box)
        low, high = np.where(across, x1, y1), np.where(across, x2, y2)
        values = np.round(low + rng.random(len(each)) * (high - low), 2)
        return as_table(
            "polygons",
            {
                "image_id": self.image_id[self.owner][owner],
                "item_no": self.item_no[owner],
                "polygon_no": number,
                "points": pa.ListArray.from_arrays(
                    pa.array(offsets.astype(np.int32)), pa.array(values)
                ),
                "point_count": points,
                "closed": rng.random(len(number)) < 0.95,
                "area": np.round(rng.random(len(number)) * 50_000, 2),
            },
        )


def as_table(name: str, columns: dict[str, object]) -> pa.Table:
    """Columns as the declared file schema; what is not given is null."""
    schema = TABLES[name].file_schema
    size = len(columns["image_id"])  # type: ignore[arg-type]
    arrays = []
    for field in schema:
        given = columns.get(field.name)
        if given is None:
            arrays.append(pa.nulls(size, field.type))
        else:
            array = given if isinstance(given, pa.Array) else pa.array(given)
            arrays.append(array.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def write_lake(folder: Path, items: int) -> Files:
    """The files of a made-up release, with positive pairs and statistics derived from it."""
    rng = np.random.default_rng(0)
    images = round(items * 490_000 / 800_000)
    files: Files = {}

    def write(table: str, rows: pa.Table, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path, compression="zstd")
        files.setdefault(table, []).append(path)

    for split, share in SPLITS:
        last = round(images * share)
        for number, first in enumerate(range(1, last + 1, PART)):
            part = Part(rng, first, min(PART, last + 1 - first))
            place = f"dataset=deepfashion2/split={split}/part-{number:05d}.parquet"
            for table in ("images", "items", "landmarks", "polygons"):
                rows = getattr(part, table.removesuffix("s") + "_rows")()
                write(table, rows, folder / table / place)
    write("categories", category_rows(), folder / "categories.parquet")
    write("landmark_types", landmark_type_rows(), folder / "landmark_types.parquet")
    write_pairs(folder, files, "pairs", ["positive_pairs"])
    for one in queries("statistics"):
        rows = stream_query(open_warehouse(files), one.name).read_all()
        write(f"statistics/{one.name}", rows, folder / "statistics" / f"{one.name}.parquet")
    return files


def write_pairs(folder: Path, files: Files, table: str, names: list[str]) -> None:
    """The answers of pair queries as partitioned files of a table."""
    schema = TABLES[table].file_schema
    con = open_warehouse(files)
    for name in names:
        rows = stream_query(con, name).read_all()
        for split, _ in SPLITS:
            chosen = rows.filter(pc.equal(rows["split"], split))
            path = folder / table / "dataset=deepfashion2" / f"split={split}" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(chosen.select(schema.names).cast(schema), path, compression="zstd")
            files.setdefault(table, []).append(path)


def ask(files: Files, name: str, threads: int, pipe) -> None:
    """One query in this process: seconds, rows, and peak memory beyond what the start took."""
    con = open_warehouse(files, threads=threads)
    con.execute("select 1").fetchall()
    before = peak_memory(reset=True)
    start = time.perf_counter()
    if query(name).kind == "checks":
        rows = next(verdict.rows for verdict in run_checks(con, only=[name]))
    else:
        rows = sum(batch.num_rows for batch in stream_query(con, name))
    seconds = time.perf_counter() - start
    pipe.send((name, seconds, rows, (peak_memory() - before) / 1024))


def peak_memory(*, reset: bool = False) -> int:
    """The most this process had in memory, in KiB; getrusage would count its parent's too."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def measure(
    files: Files, names: list[str], threads: int
) -> Iterator[tuple[str, float, int, float]]:
    """Each query in a fresh process, so that no memory or cache of another helps or hurts it."""
    context = multiprocessing.get_context("spawn")
    for name in names:
        here, there = context.Pipe()
        process = context.Process(target=ask, args=(files, name, threads, there))
        process.start()
        there.close()
        yield here.recv()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=800_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--folder", type=Path, help="keep the made-up release here, and reuse it")
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        kept = folder / "files.json"
        if kept.is_file():
            files = {
                name: [Path(path) for path in paths]
                for name, paths in json.loads(kept.read_text()).items()
            }
        else:
            start = time.perf_counter()
            files = write_lake(folder, given.items)
            kept.write_text(
                json.dumps({name: [str(path) for path in paths] for name, paths in files.items()})
            )
            print(f"made in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        names = [one.name for kind in ("statistics", "pairs", "checks") for one in queries(kind)]
        chosen = [name for name in names if name in given.only] or names
        print(f"{'query':<28}{'kind':<12}{'seconds':>8}{'rows':>12}{'MB':>8}")
        for name, seconds, rows, peak in measure(files, chosen, given.threads):
            print(
                f"{name:<28}{query(name).kind:<12}{seconds:>8.2f}{rows:>12,}{peak:>8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
