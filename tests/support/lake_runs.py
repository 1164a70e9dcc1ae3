"""Runs that write a lake, over sources of documents that are named by number, without pixels."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from builders import rows

from flows.lake import Lake, LakeReleases, Part, Plan, Staging, plan_parts, write_part
from flows.release import Receipt, Release
from schemas import TABLES
from schemas.source import ARRANGED

PART_SIZE = 10
"""Images per part of the lakes made here; real sources have about 4,096."""


_scratch = cache(lambda: tempfile.TemporaryDirectory(prefix="wardrobe-plans-"))


def source(documents: Mapping[int, str], split: str = "train") -> pa.Table:
    """An arranged source: number of an image -> the stamp of its document."""
    return pa.Table.from_pylist(
        [
            {
                "split": split,
                "part": number // PART_SIZE,
                "role": "document",
                "image_id": number,
                "name": f"{split}/annos/{number:06d}.json",
                "size": 100,
                "stamp": stamp,
            }
            for number, stamp in sorted(documents.items())
        ],
        schema=ARRANGED,
    )


def numbers(first: int, last: int, stamp: str = "a") -> dict[int, str]:
    """Documents from number `first` to `last`, all with one stamp."""
    return dict.fromkeys(range(first, last + 1), stamp)


def planned(members: pa.Table, folder: Path | None = None, **options: Any) -> Plan:
    """The plan of an arranged source, its members in `folder`, or in one until the tests end."""
    folder = folder or Path(tempfile.mkdtemp(dir=_scratch().name))
    options = {"dataset": "deepfashion2", "versions": {"decoder": 1}, **options}
    return plan_parts(arranged=[members], folder=folder, **options)


def a_part(*image_ids: int, split: str = "train") -> Part:
    """A part of documents, for trying write_part alone."""
    (part,) = planned(source(dict.fromkeys(image_ids, "a"), split)).changed
    return part


def part_tables(part: Part) -> dict[str, pa.Table]:
    """An image and an item for every document; a stamp `wide...` makes its picture wider."""
    images, items = [], []
    for member in part.read_members().to_pylist():
        key = {"dataset": part.dataset, "split": part.split, "image_id": member["image_id"]}
        images.append(key | {"width": len(member["stamp"])})
        items.append(key)
    return {"images": rows("images", *images), "items": rows("items", *items)}


def build(folder: Path, part: Part) -> Receipt:
    """Build a part as the pipeline does: its files, and how much was read."""
    tables = part_tables(part)
    names = ("documents_read", "images", "items_read", "items")
    counts = dict.fromkeys(names, tables["images"].num_rows)
    counts |= {"documents_refused": 0, "items_refused": 0}
    return Receipt(part.name, part.fingerprint, write_part(folder, part, [tables]), counts)


def fill(
    staging: Staging,
    members: pa.Table,
    *,
    dataset: str = "deepfashion2",
    prune: bool = False,
) -> list[str]:
    """Link what is unchanged, build the rest, derive two tables; the names of the built parts."""
    parent = staging.parent.manifest if staging.parent else None
    plan = planned(members, staging.folder, dataset=dataset, parent=parent, prune=prune)
    staging.link_others(dataset)
    staging.link(plan.unchanged)
    staging.record(build(staging.folder, part) for part in plan.changed)
    staging.write_table("pairs", TABLES["pairs"].schema.empty_table())
    count = sum(len(pc.unique(part)) for part in members["image_id"].chunks)
    staging.write_table("statistics/how_many", pa.table({"images": [count]}))
    return [part.name for part in plan.changed]


def publish(lake: Path | LakeReleases, members: pa.Table) -> Release:
    """A whole run over a source: the release that is current after it."""
    lake = lake if isinstance(lake, LakeReleases) else Lake(lake)
    with lake.writing() as staging:
        fill(staging, members)
        inputs = {"deepfashion2": {"location": "/source", "listing": "l"}}
        return staging.publish(inputs=inputs, parameters={})
