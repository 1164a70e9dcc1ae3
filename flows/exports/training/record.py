"""What was exported into a folder, split by split: kept beside the shards, so that it can go on.

`<split>.export.json` says from which release and with which options a split comes, and which of
its shards are finished. The card and the Croissant file are written from these.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flows.exports.training.shards import Shard, ShardRecord
from flows.storage.atomic import PARTIAL_SUFFIX, atomic_write
from schemas.errors import InputError

ENDING = ".export.json"
FORMAT = 1

LEFT_OUT_AT_MOST = 0.01
"""Share of rows that may be lost to broken pictures."""


class ExportRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exported split: where it comes from, how it was made, and its finished shards.

    `created` is the day of the release, `content` its content hash; `features` are the columns as
    Hugging Face writes them; `left_out_before` counts rows without a picture, never planned.
    """

    dataset: str
    split: str
    release: str
    created: str
    content: str
    options: dict[str, Any]
    features: dict[str, Any]
    planned_shards: int
    planned_rows: int
    left_out_before: int
    shards: dict[str, ShardRecord] = {}
    format: int = FORMAT

    @property
    def finished(self) -> bool:
        """Whether all shards are there."""
        return len(self.shards) == self.planned_shards

    @property
    def rows(self) -> int:
        """Rows of all finished shards."""
        return sum(shard.rows for shard in self.shards.values())

    @property
    def bytes(self) -> int:
        """Size of all finished shards."""
        return sum(shard.bytes for shard in self.shards.values())

    @property
    def left_out(self) -> int:
        """Rows that were planned and could not be made, and images without a picture."""
        return self.left_out_before + sum(len(shard.left_out) for shard in self.shards.values())

    def with_shard(self, shard: ShardRecord) -> "ExportRecord":
        """The record with one more finished shard, in the order of their names."""
        shards = dict(sorted((self.shards | {shard.name: shard}).items()))
        return msgspec.structs.replace(self, shards=shards)


def read_records(folder: Path) -> list[ExportRecord]:
    """The records of all splits in a folder; InputError when one is damaged."""
    splits = ("train", "validation", "test")
    paths = sorted(
        folder.glob(f"*{ENDING}"),
        key=lambda path: (
            splits.index(name) if (name := path.name.removesuffix(ENDING)) in splits else 9,
            path.name,
        ),
    )
    return [_read(path) for path in paths]


def _read(path: Path) -> ExportRecord:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ExportRecord)
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is damaged ({error}): give an empty folder.") from error


def write_record(folder: Path, record: ExportRecord) -> None:
    """Write a split's record, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(record), indent=1)
    with atomic_write(folder / f"{record.split}{ENDING}") as sink:
        sink.write(text + b"\n")


def too_many(lost: int, rows: int) -> bool:
    """Whether so many of so many rows are lost that a disk must be missing, not a picture."""
    return lost > max(1.0, LEFT_OUT_AT_MOST * rows) or lost == rows > 0


def begin(folder: Path, wanted: ExportRecord) -> ExportRecord:
    """The record to go on with: `wanted`, or the same with those shards that are there and whole.

    A shard that lost too many rows is written again: its pictures may be back.

    Raises InputError when the folder holds something else: another data set, release or options.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept: dict[str, ShardRecord] = {}
    for record in read_records(folder):
        shared = ("dataset", "content", "options", "features", "format")
        for name in shared:
            if getattr(record, name) != getattr(wanted, name):
                which = "other" if name.endswith("s") else "another"
                raise InputError(
                    f"{folder} holds {record.dataset} {record.split} exported with {which} {name}: "
                    f"give an empty folder, or export with what its {record.split}{ENDING} says."
                )
        if record.split == wanted.split:
            if (record.planned_shards, record.planned_rows) != (
                wanted.planned_shards,
                wanted.planned_rows,
            ):
                raise InputError(
                    f"{folder} holds {record.split} in {record.planned_shards} shards of "
                    f"{record.planned_rows:,} rows: give an empty folder for another number."
                )
            kept = record.shards
    _refuse_strangers(folder)
    for aside in (folder / "data").glob(f".*{PARTIAL_SUFFIX}"):
        aside.unlink()  # half a shard of a run that was killed
    whole = {
        name: shard
        for name, shard in kept.items()
        if _is_whole(folder, shard)
        and not too_many(len(shard.left_out), shard.rows + len(shard.left_out))
    }
    return msgspec.structs.replace(wanted, shards=whole)


def missing(record: ExportRecord, shards: Sequence[Shard]) -> list[Shard]:
    """The shards that are still to be written."""
    return [shard for shard in shards if shard.name not in record.shards]


def _refuse_strangers(folder: Path) -> None:
    known = {f"{record.split}-" for record in read_records(folder)}
    strangers = _names(folder / "data")
    for name in strangers:
        if not any(name.startswith(start) for start in known):
            raise InputError(
                f"{folder} holds {name}, which is no part of it: give an empty folder."
            )


def _names(folder: Path) -> Iterable[str]:
    found = folder.glob("*.parquet") if folder.is_dir() else ()
    return sorted(path.name for path in found if not path.name.startswith("."))


def _is_whole(folder: Path, shard: ShardRecord) -> bool:
    path = folder / shard.name
    if not path.is_file() or path.stat().st_size != shard.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == shard.sha256
