"""Fashion-MNIST's files: the four IDX files of a listing in, parts of 4,096 images out.

They may be in any folder, compressed or not, named with `-idx3-` or `.idx3-`. Where a file exists
twice with the same content (unpacked next to its archive) one is read and the other ignored; two
that differ raise InputError, because nothing says which one is right.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.decode.decoder import (
    SIZE_NOT_COMPARED,
    Arrangement,
    ReadMember,
    ignored_rows,
    whole_listing,
)
from flows.decode.fashion_mnist.idx import (
    IMAGES,
    LABELS,
    kind_of,
    read_idx,
    require_fashion,
)
from schemas.datasets import PART_SIZE
from schemas.errors import InputError
from schemas.source import ARRANGED

_FILE = re.compile(
    r"(?i)(?:^|/)(?P<set>train|t10k)-(?P<kind>images|labels)[-.]idx[13]-ubyte(?:\.gz)?$"
)


@dataclass(frozen=True)
class _File:
    """One IDX file: its split and kind, by its name, and its records."""

    name: str
    split: str
    kind: str
    values: NDArray[np.uint8]


def arrange(members: Iterable[pa.Table], split: str | None, read: ReadMember) -> Arrangement:
    """Sort the IDX files into parts; every file is read and checked whole.

    A file has a row for each part; `stamp` is a hash of the part's share of its records. `split`
    takes one of two splits, or names the split of a source that holds only one.
    """
    listing = whole_listing(members)
    names = listing["name"].to_pylist()
    matches = [match for name in names if (match := _FILE.search(name))]
    if not matches:
        raise InputError(
            "not a Fashion-MNIST source: expected train-images-idx3-ubyte.gz, "
            "train-labels-idx1-ubyte.gz and the same for t10k"
        )
    splits = {_split_of(match) for match in matches}
    if split in splits:
        matches = [match for match in matches if _split_of(match) == split]
    elif split is not None and len(splits) > 1:
        raise InputError(f"the source has no split {split!r}, but {' and '.join(sorted(splits))}")
    files = _without_copies(_read(match, split, read) for match in matches)
    _require_equal_counts(files)
    rows = [
        (
            file.split,
            part,
            "table",
            None,
            file.name,
            SIZE_NOT_COMPARED,
            stamp(share(file.values, part)),
        )
        for file in files
        for part in range(-(-len(file.values) // PART_SIZE))
    ]
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, ARRANGED, strict=True)]
    used = pa.array([file.name for file in files], pa.large_string())
    ignored = listing.filter(pc.invert(pc.is_in(listing["name"], used)))
    return Arrangement([pa.table(arrays, schema=ARRANGED), ignored_rows(ignored)])


def share(values: NDArray[np.uint8], part: int) -> NDArray[np.uint8]:
    """The records of a file that a part takes."""
    return values[part * PART_SIZE : (part + 1) * PART_SIZE]


def stamp(values: NDArray[np.uint8]) -> str:
    """A hash of records, independent of the archive around them."""
    return f"records:{hashlib.sha256(values.tobytes()).hexdigest()}"


def _split_of(match: re.Match[str]) -> str:
    return "train" if match["set"].lower() == "train" else "test"


def _read(match: re.Match[str], split: str | None, read: ReadMember) -> _File:
    name = match.string
    values = read_idx(name, read(name))
    kind = kind_of(values)
    if kind != {"images": IMAGES, "labels": LABELS}[match["kind"].lower()]:
        raise InputError(f"{name} holds {kind}: it has the name of another file")
    if kind == LABELS:
        require_fashion(name, values)
    return _File(name, split or _split_of(match), kind, values)


def _without_copies(files: Iterable[_File]) -> list[_File]:
    """One file per split and kind, the first by name where several have the same content.

    `files` is lazy: a copy is released before the next file is read.
    """
    chosen: dict[tuple[str, str], _File] = {}
    for file in files:
        first = chosen.setdefault((file.split, file.kind), file)
        if first is not file and not np.array_equal(first.values, file.values):
            raise InputError(
                f"{first.name} and {file.name} hold different {file.kind} of the {file.split} set: "
                "give the folder of one of them"
            )
    return list(chosen.values())


def _require_equal_counts(files: list[_File]) -> None:
    """Raises InputError when a split has different numbers of pictures and labels."""
    images = {file.split: file for file in files if file.kind == IMAGES}
    for labels in files:
        pictures = images.get(labels.split, labels)
        if len(pictures.values) != len(labels.values):
            raise InputError(
                f"{pictures.name} holds {len(pictures.values):,} pictures, but {labels.name} "
                f"{len(labels.values):,} labels: they do not belong together"
            )
