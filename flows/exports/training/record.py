"""Records of exported shards: each Parquet file's footer says what it was made from.

A shard is written whole or not at all, so a file whose footer names the same options and the same
hash of its source rows is finished. The release is named in the card only: a shard stays the same
file when a later release has equal rows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from flows.exports.selection import SelectionRecord, SelectionTerms
from flows.exports.training.options import TrainingOptions
from flows.exports.training.rows import NO_REGION, LeftOut
from flows.release import describe_left_out
from schemas.errors import InputError

CARD = "README.md"
FOOTER_KEY = b"wardrobe"
FORMAT = 3
MAX_LOST_SHARE = 0.01
"""Share of rows that may be lost to broken pictures."""


class ShardFooter(msgspec.Struct, frozen=True):
    """What a shard was made from; `shards` is the number of shards of its split.

    `source` is the sha256 of its source rows, with size and hash of their pictures as the release
    has them. The shard has the rows from `first_image_id` up to the first of the next one.
    `selection` is unset where the whole split was exported.
    """

    dataset: str
    split: str
    shards: int
    options: TrainingOptions
    source: str
    first_image_id: int = 0
    left_out: tuple[LeftOut, ...] = ()
    format: int = FORMAT
    selection: SelectionTerms | msgspec.UnsetType = msgspec.UNSET


class ShardRecord(msgspec.Struct, frozen=True):
    """A finished shard: its name below the folder, rows, size in bytes, footer, features."""

    name: str
    rows: int
    bytes: int
    footer: ShardFooter
    features: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether no picture was missing that may be there the next time."""
        return all(row.reason == NO_REGION for row in self.footer.left_out)


class Origin(msgspec.Struct, frozen=True):
    """The release of a split, and how many of its rows were not planned, by reason.

    `input` is a hash of the release's files of the split and of what its shards were made from.
    `left_out` counts rows of the selection, where there is one.
    """

    release: str = "unknown"
    left_out: dict[str, int] = {}
    input: str = ""
    selection: SelectionRecord | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True)
class ExportedSplit:
    """One split with all its shards, in the order of their names; `written` of them just now."""

    split: str
    shards: Sequence[ShardRecord]
    origin: Origin
    written: int = 0

    @property
    def rows(self) -> int:
        """Rows of all shards."""
        return sum(shard.rows for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Size of all shards."""
        return sum(shard.bytes for shard in self.shards)

    @property
    def lost(self) -> list[LeftOut]:
        """Planned rows that could not be made."""
        return [row for shard in self.shards for row in shard.footer.left_out]

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows were not planned or could not be made, by reason."""
        lost = Counter(row.reason.partition(":")[0] for row in self.lost)
        return self.origin.left_out | lost

    @property
    def note(self) -> str:
        """What is left out, in words; empty where nothing is."""
        return describe_left_out(self.left_out, self.rows) if self.left_out else ""


def read_shard(folder: Path, name: str) -> ShardRecord:
    """The record in the footer of `folder/name`; InputError when it is not a shard of an export."""
    path = folder / name
    try:
        metadata = pq.read_metadata(path)
        footer = (metadata.metadata or {}).get(FOOTER_KEY, b"")
        schema = metadata.schema.to_arrow_schema().metadata or {}
        return ShardRecord(
            name,
            metadata.num_rows,
            path.stat().st_size,
            msgspec.json.decode(footer, type=ShardFooter),
            msgspec.json.decode(schema.get(b"huggingface", b""))["info"]["features"],
        )
    except (OSError, pa.ArrowException, msgspec.MsgspecError):
        raise InputError(
            f"{folder} holds {name}, which is not a shard of an export: give another folder."
        ) from None


def exported_splits(folder: Path) -> list[ExportedSplit]:
    """The splits whose shards are all in the folder: train, validation, test, then others.

    InputError when the folder holds other Parquet files.
    """
    shards: dict[str, list[ShardRecord]] = {}
    for record in shards_in(folder):
        shards.setdefault(record.footer.split, []).append(record)
    order = ("train", "validation", "test")
    names = sorted(shards, key=lambda name: (order.index(name) if name in order else 9, name))
    origins = read_origins(folder)
    return [
        ExportedSplit(name, shards[name], origins.get(name, Origin()))
        for name in names
        if len(shards[name]) == shards[name][0].footer.shards
    ]


def shards_in(folder: Path) -> list[ShardRecord]:
    """All shards of a folder by name; InputError when it holds other Parquet files."""
    paths = sorted((folder / "data").glob("*.parquet"))
    return [read_shard(folder, f"data/{path.name}") for path in paths if path.name[0] != "."]


def read_origins(folder: Path) -> dict[str, Origin]:
    """The origin of each split, from the front matter of the card."""
    try:
        _, front_matter, _ = (folder / CARD).read_text("utf-8").split("---\n", 2)
        origins = msgspec.json.decode(front_matter, type=dict[str, Any])["origins"]
        return msgspec.convert(origins, dict[str, Origin])
    except (OSError, LookupError, ValueError):
        return {}


def loses_too_many(lost: int, rows: int) -> bool:
    """Whether so many of the rows are lost that a disk must be missing, not a picture."""
    return lost > max(1.0, MAX_LOST_SHARE * rows) or lost == rows > 0
