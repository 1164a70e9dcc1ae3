"""Where Fashion-MNIST keeps its files: the four IDX files, in parts of 4,096 images.

They may lie in any folder, compressed or not, named with `-idx3-` or `.idx3-`. Where a file is
there twice with the same content (unpacked beside its archive) one is read and the other ignored;
two that differ are refused, since which one counts cannot be told.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.decode.decoder import Arrangement, ReadMember
from flows.decode.fashion_mnist.idx import (
    IMAGES,
    LABELS,
    kind_of,
    published_as,
    read_idx,
    refuse_digits,
)
from schemas.datasets import DATASETS
from schemas.errors import InputError
from schemas.source import ARRANGED

SPLITS = DATASETS["fashion-mnist"].splits
PART_SIZE = 4096
UNLISTED = -1
"""The size of a file's share: what storage need not check, because decode compares the stamp."""

_FILE = re.compile(
    r"(?i)(?:^|/)(?P<set>train|t10k)-(?P<kind>images|labels)[-.]idx[13]-ubyte(?:\.gz)?$"
)


@dataclass(frozen=True)
class _File:
    """One IDX file: which set it is of, by its name, and what it holds."""

    name: str
    split: str
    kind: str
    values: NDArray[np.uint8]


def picture_path(split: str) -> str:
    """There are no picture files: the pictures are in the table `pictures`."""
    return "{file_name}"


def arrange(members: pa.Table, split: str | None, read: ReadMember) -> Arrangement:
    """Sort the IDX files into parts; every file is read and checked whole.

    A file stands once for each part; `stamp` is a hash of the part's share, and `size` is -1.
    `split` takes one of two sets, or names the set of a source that holds only one.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"fashion-mnist has no split {split!r}: choose one of {', '.join(SPLITS)}")
    names = members["name"].to_pylist()
    matches = [match for name in names if (match := _FILE.search(name))]
    if not matches:
        raise InputError(
            "this is no Fashion-MNIST source: expected train-images-idx3-ubyte.gz, "
            "train-labels-idx1-ubyte.gz and the same for t10k"
        )
    found = {_split_of(match) for match in matches}
    if split in found:
        matches = [match for match in matches if _split_of(match) == split]
    elif split is not None and len(found) > 1:
        raise InputError(f"the source holds no set {split!r}, but {' and '.join(sorted(found))}")
    notes: list[str] = []
    files = _without_copies(_read(match, split, read, notes) for match in matches)
    _must_fit(files)
    rows = [
        (one.split, part, "table", None, one.name, UNLISTED, stamp(share(one.values, part)))
        for one in files
        for part in range(-(-len(one.values) // PART_SIZE))
    ]
    columns = zip(*sorted(rows, key=lambda row: (row[0], row[1], row[4])), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, ARRANGED, strict=True)]
    used = {one.name for one in files}
    return Arrangement(
        pa.table(arrays, schema=ARRANGED),
        tuple(name for name in names if name not in used),
        notes=tuple(notes),
    )


def share(values: NDArray[np.uint8], part: int) -> NDArray[np.uint8]:
    """The records of a file that a part takes."""
    return values[part * PART_SIZE : (part + 1) * PART_SIZE]


def stamp(values: NDArray[np.uint8]) -> str:
    """A hash of records, whatever archive they came in."""
    return f"records:{hashlib.sha256(values.tobytes()).hexdigest()}"


def _split_of(match: re.Match[str]) -> str:
    return "train" if match["set"].lower() == "train" else "test"


def _read(match: re.Match[str], split: str | None, read: ReadMember, notes: list[str]) -> _File:
    name = match.string
    data = read(name)
    published = published_as(name, data)
    if published:
        notes.append(f"{name} is {published} as Zalando published it")
    values = read_idx(name, data)
    kind = kind_of(values)
    if kind != {"images": IMAGES, "labels": LABELS}[match["kind"].lower()]:
        raise InputError(f"{name} holds {kind}: it was given another file's name")
    if kind == LABELS:
        refuse_digits(name, values)
    return _File(name, split or _split_of(match), kind, values)


def _without_copies(files: Iterable[_File]) -> list[_File]:
    """One file per set and kind, the first by name where several have the same content.

    A copy is let go before the next file is read.
    """
    chosen: dict[tuple[str, str], _File] = {}
    for one in files:
        first = chosen.setdefault((one.split, one.kind), one)
        if first is not one and not np.array_equal(first.values, one.values):
            raise InputError(
                f"{first.name} and {one.name} hold different {one.kind} of the {one.split} set: "
                "give the folder of one of them"
            )
    return list(chosen.values())


def _must_fit(files: list[_File]) -> None:
    """Raises InputError when a set has other numbers of pictures and labels."""
    images = {one.split: one for one in files if one.kind == IMAGES}
    for labels in files:
        pictures = images.get(labels.split, labels)
        if len(pictures.values) != len(labels.values):
            raise InputError(
                f"{pictures.name} holds {len(pictures.values):,} pictures, but {labels.name} "
                f"{len(labels.values):,} labels: they do not belong together"
            )
