"""The file data.yaml of a YOLO data set: what Ultralytics reads, and what was exported into it.

Each line is a key and a JSON value, which is YAML. The file has no `path`: Ultralytics then takes
the folders from where the file is, so a data set can be moved.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from flows.exports.selection import SelectionRecord, SelectionTerms
from flows.exports.yolo.labels import Task
from flows.storage.atomic import atomic_write
from schemas.errors import InputError

DATASET_FILE = "data.yaml"

SUBSETS = {"train": "train", "validation": "val", "test": "test"}
"""The subsets of Ultralytics by the splits that become them."""

_COMMENT = "# Written by `wardrobe export yolo`; Ultralytics needs train and val.\n"
_EXPORT_KEY = "wardrobe: "


class ExportedSubset(msgspec.Struct, frozen=True):
    """A subset: the split and release it was made from, its pictures and items.

    `selection` is unset where the whole split was exported.
    """

    split: str
    release: str
    images: int
    items: int
    selection: SelectionRecord | msgspec.UnsetType = msgspec.UNSET

    @property
    def terms(self) -> SelectionTerms | None:
        """What the selection asked for; None without one."""
        return self.selection.terms if self.selection else None


class YoloExport(msgspec.Struct, frozen=True):
    """What a folder holds: subsets of one data set for one task."""

    dataset: str
    task: Task
    subsets: dict[str, ExportedSubset] = {}


def read_export(folder: Path, dataset: str, task: Task) -> YoloExport:
    """What the folder holds; without subsets for a folder that is new or empty.

    A killed export leaves hidden files only. InputError when the folder holds anything else.
    """
    if not folder.exists() or all(path.name.startswith(".") for path in folder.iterdir()):
        return YoloExport(dataset, task)
    try:
        lines = (folder / DATASET_FILE).read_text("utf-8").splitlines()
        text = next(line for line in lines if line.startswith(_EXPORT_KEY))
        held = msgspec.json.decode(text.removeprefix(_EXPORT_KEY), type=YoloExport)
    except (OSError, ValueError, StopIteration):
        raise InputError(f"{folder} holds other files: give an empty folder.") from None
    if (held.dataset, held.task) != (dataset, task):
        raise InputError(
            f"{folder} holds {held.dataset} for {held.task}: give another folder for {dataset} "
            f"for {task}."
        )
    return held


def write_dataset_file(folder: Path, export: YoloExport, keys: dict[str, Any]) -> None:
    """Write data.yaml: the subsets, then `keys` (names, key points), then the export."""
    values = {name: f"images/{name}" for name in SUBSETS.values() if name in export.subsets}
    values |= keys
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
    with atomic_write(folder / DATASET_FILE) as file:
        file.write((_COMMENT + text).encode())
        file.write(_EXPORT_KEY.encode() + msgspec.json.encode(export) + b"\n")
