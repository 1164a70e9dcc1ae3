"""Shards of a training set: planned from the rows of a split, written as Parquet files.

Rows keep the order of the source, so equal inputs give equal files; readers shuffle row groups.
Hugging Face `datasets` reads the files as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import FOOTER_KEY, ShardFooter, ShardRecord, read_shard
from flows.exports.training.rows import LeftOut
from flows.storage.atomic import atomic_write
from schemas.errors import InputError

ROW_GROUP = 100
"""Rows of a row group: about fourteen megabytes of photos, as Hugging Face sizes it."""

SHARD_BYTES = 128 << 20
"""No shard is planned larger; halving until then leaves 64 to 128 MiB."""

WEIGHT = {"jpeg": 1.0, "webp": 0.8, "png": 6.0}
"""Bytes of a photo in each format, relative to JPEG; an estimate that only sizes the shards."""

RUN = 4096
"""Images whose annotations are queried and held together."""

ImageRange = tuple[int, int]
"""The image_ids of the first and the last image of some consecutive ones."""


@dataclass(frozen=True)
class Shard:
    """One file to write: the rows of the images from `first_image_id` on, run after run."""

    name: str
    first_image_id: int
    runs: tuple[ImageRange, ...]


def plan_shards(
    rows: pa.Table,
    options: TrainingOptions,
    *,
    split: str,
    shards: int | None = None,
    held: Sequence[int] = (),
) -> list[Shard]:
    """Divide the rows of a split into files that differ by at most one image.

    `rows` are the rows to write, in order: `image_id`, and `width`, `height` and `byte_size` of
    the picture or region. Without `shards` the number of files is a power of two, so that it
    divides evenly among readers.

    `held` are the first image_ids of the files of an earlier export. These limits are kept while
    no file would be empty or twice as large as planned, so that a new image changes one file.
    """
    images, first_rows = np.unique(rows["image_id"].to_numpy(), return_index=True)
    expected = _expected_bytes(rows, options)
    starts = np.array(held, np.int64)
    cuts = np.searchsorted(images, starts[1:])
    if not held or not _is_balanced(cuts, first_rows, expected, shards):
        count = shards or _shard_count(float(expected.sum()), len(images))
        if not 1 <= count <= len(images):
            raise InputError(f"{len(images):,} images cannot be divided into {count:,} shards.")
        starts = images[[number * len(images) // count for number in range(count)]]
        cuts = np.searchsorted(images, starts[1:])
    count = len(starts)
    return [
        Shard(
            name=f"data/{split}-{number:05}-of-{count:05}.parquet",
            first_image_id=int(starts[number]),
            runs=tuple(
                (int(images[at]), int(images[min(at + RUN, stop) - 1]))
                for at in range(start, stop, RUN)
            ),
        )
        for number, (start, stop) in enumerate(pairwise([0, *cuts.tolist(), len(images)]))
    ]


def _is_balanced(
    cuts: np.ndarray, first_rows: np.ndarray, expected: np.ndarray, shards: int | None
) -> bool:
    """Whether the images cut there give files none of which is empty or twice too large."""
    places = np.concatenate([[0], cuts])
    if shards not in (None, len(places)) or not np.diff([*places, len(first_rows)]).all():
        return False
    sizes = np.add.reduceat(expected, first_rows[places])
    limit = SHARD_BYTES if shards is None else expected.sum() / shards
    return bool(sizes.max() <= 2 * limit)


def _expected_bytes(rows: pa.Table, options: TrainingOptions) -> np.ndarray:
    """The size of each row's picture in a shard, estimated."""
    width, height, size = (
        rows[name].fill_null(0).to_numpy().astype(np.float64)
        for name in ("width", "height", "byte_size")
    )
    if options.size:
        longest = np.maximum(np.maximum(width, height), 1)
        size = size * np.minimum(1.0, options.size / longest) ** 2
    return size * WEIGHT[options.picture_format or "jpeg"]


def _shard_count(expected: float, images: int) -> int:
    count = 1
    while expected / count > SHARD_BYTES:
        count *= 2
    return min(count, images)


def write_shard(
    folder: Path,
    shard: Shard,
    schema: pa.Schema,
    rows: Iterable[dict[str, Any] | LeftOut],
    footer: ShardFooter,
) -> ShardRecord:
    """Write one shard below `folder`, whole or not at all; its footer lists the rows left out."""
    left_out: list[LeftOut] = []

    def complete_rows() -> Iterator[dict[str, Any]]:
        for row in rows:
            if isinstance(row, LeftOut):
                left_out.append(row)
            else:
                yield row

    with atomic_write(folder / shard.name) as sink, _writer(sink, schema) as writer:
        complete = complete_rows()
        while group := list(islice(complete, ROW_GROUP)):
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema))
        footer = msgspec.structs.replace(footer, left_out=tuple(left_out))
        writer.add_key_value_metadata({FOOTER_KEY: msgspec.json.encode(footer)})
    return read_shard(folder, shard.name)


def _writer(sink: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    empty_file = BytesIO()
    pq.write_metadata(schema, empty_file)
    leaves = pq.read_metadata(empty_file).schema
    columns = [leaves.column(place).path for place in range(len(leaves))]
    # Pictures are compressed and all different: no codec, dictionary or statistics for them.
    others = [name for name in columns if name != "image.bytes"]
    return pq.ParquetWriter(
        sink,
        schema,
        compression={name: "zstd" if name in others else "none" for name in columns},
        use_dictionary=others,
        write_statistics=others,
    )
