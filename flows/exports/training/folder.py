"""The folder of a training set: what it may hold, files staged for it, their publication.

Files are written in a hidden folder and renamed when all of them are whole: readers see the old
export until then, and a run that is killed leaves what the next one goes on with.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET, UnsetType

from flows.exports.selection import SelectionTerms
from flows.exports.training.card import training_card
from flows.exports.training.features import Features
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import (
    CARD,
    FORMAT,
    ExportedSplit,
    ShardRecord,
    exported_splits,
    shards_in,
)
from flows.storage.atomic import atomic_write, sync_folder
from schemas.errors import InputError

STAGING = ".next"
"""The folder of staged files, in the folder of the training set and with the same layout."""


@dataclass(frozen=True)
class Export:
    """What an export writes: a split with options, as columns."""

    dataset: str
    split: str
    options: TrainingOptions
    features: Features
    selection: SelectionTerms | UnsetType = UNSET

    def difference(self, record: ShardRecord) -> str | None:
        """What this export would write otherwise than a shard; None where nothing differs."""
        held = record.footer
        if held.dataset != self.dataset:
            return "another data set"
        if held.options != self.options:
            return "other options"
        if (held.format, record.features) != (FORMAT, self.features):
            return "other columns"
        if held.split == self.split and held.selection != self.selection:
            return "another selection"
        return None


@dataclass(frozen=True)
class HeldShards:
    """The shards of a folder: of this export and split, all or none; of it; of another export."""

    complete: Sequence[ShardRecord]
    own: Sequence[ShardRecord]
    foreign: Sequence[ShardRecord]


def held_shards(folder: Path, export: Export, *, shards: int | None, replace: bool) -> HeldShards:
    """What an export finds in its folder.

    InputError when it holds other files; and, unless `replace`, shards of another data set, with
    other options or, where `shards` is given, in another number.
    """
    held = shards_in(folder)
    own = [record for record in held if record.footer.split == export.split]
    foreign = [record for record in held if export.difference(record)]
    if foreign and not replace:
        raise InputError(
            f"{folder} holds {foreign[0].name} of {foreign[0].footer.dataset}, exported with "
            f"{export.difference(foreign[0])}: add --replace, or give another folder."
        )
    if own and shards not in (None, own[0].footer.shards) and not replace:
        raise InputError(
            f"{folder} holds {export.split} in {own[0].footer.shards} shards: add --replace to "
            f"write it in {shards}, or give another folder."
        )
    alike = [record for record in own if record not in foreign]
    is_complete = alike and len(alike) == alike[0].footer.shards
    is_as_requested = shards in (None, len(alike))
    return HeldShards(alike if is_complete and is_as_requested else [], own, foreign)


def prepare_staging(folder: Path) -> Path:
    """The folder for staged files, made if necessary."""
    staging = folder / STAGING
    (staging / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    return staging


def publish(folder: Path, exported: ExportedSplit, obsolete: Collection[str]) -> None:
    """Rename the staged files of a split, delete the obsolete ones and write the card."""
    staging = folder / STAGING
    for record in exported.shards:
        if (staging / record.name).exists():
            (staging / record.name).replace(folder / record.name)
    for name in obsolete:
        (folder / name).unlink()
    sync_folder(folder / "data")
    splits = [
        exported if other.split == exported.split else other for other in exported_splits(folder)
    ]
    card = staging / f"{exported.split}-{CARD}"
    with atomic_write(card) as sink:
        sink.write(training_card(splits).encode())
    card.replace(folder / CARD)
    sync_folder(folder)
    clear_staging(folder, exported.split)


def clear_staging(folder: Path, split: str) -> None:
    """Remove what a run that was killed has left of a split; the folder too when it is empty."""
    staging = folder / STAGING
    for path in _files_of(staging, split):
        path.unlink()
    for empty in (staging / "data", staging):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _files_of(staging: Path, split: str) -> Iterable[Path]:
    """The staged files of a split, whole or not."""
    return [
        path
        for path in sorted(staging.rglob("*"))
        if path.is_file() and path.name.removeprefix(".").startswith(f"{split}-")
    ]
