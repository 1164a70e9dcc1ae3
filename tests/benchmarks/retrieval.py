"""Time and peak memory of ranking embeddings, and of `wardrobe evaluate retrieval` with them.

    python tests/benchmarks/retrieval.py [--queries 12550] [--gallery 37183] [--size 256]

Makes up vectors in memory, and finds the 20 nearest of each query in a process of its own; then a
release with as many items and files of their embeddings, which the command reads and scores.
"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmark import MIB, Table, in_process, memory_of, options, timed, wardrobe
from releases import image, item, write_release

from flows.metrics.ranking import most_similar


def rank(queries: int, gallery: int, size: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of this process; making the vectors is not timed."""
    rng = np.random.default_rng(0)
    sides = [rng.standard_normal((n, size), dtype=np.float32) for n in (queries, gallery)]
    _, cost = timed(lambda: sum(map(len, most_similar(*sides, 20, "cosine"))))
    return *cost, memory_of("VmHWM")


def write_embeddings(path: Path, first_image: int, count: int, size: int) -> Path:
    rng = np.random.default_rng(first_image)
    vectors = pa.FixedSizeListArray.from_arrays(
        rng.standard_normal(count * size, dtype=np.float32), size
    )
    numbers = {"image_id": np.arange(first_image, first_image + count), "item_no": [1] * count}
    pq.write_table(pa.table(numbers | {"embedding": vectors}), path)
    return path


def command(folder: Path, queries: int, gallery: int, size: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of the command."""
    images = [
        image(
            number,
            item(9, style=1, landmarks=[], polygons=[]),
            source="user" if number <= queries else "shop",
            pair_id=1 + number % queries // 5,
        )
        for number in range(1, queries + gallery + 1)
    ]
    release = write_release(folder, images, pictures="none", per_part=4096)
    files = [
        write_embeddings(folder / "queries.parquet", 1, queries, size),
        write_embeddings(folder / "gallery.parquet", queries + 1, gallery, size),
    ]
    done = wardrobe(
        *("evaluate", "retrieval", "--split", "train", "--embeddings", *files),
        *("--lake", release.parents[1], "--release", release.name),
    )
    return done.seconds, done.cpu, done.peak / MIB


def main() -> None:
    chosen = options(__doc__, queries=12_550, gallery=37_183, size=256)
    sizes = (chosen.queries, chosen.gallery, chosen.size)
    table = Table(measured="<12", seconds=">8.2f", CPU_s=">8.2f", MiB=">8.0f")
    table.row("ranking", *in_process("spawn", rank, *sizes))
    with tempfile.TemporaryDirectory() as folder:
        table.row("command", *command(Path(folder), *sizes))


if __name__ == "__main__":
    main()
