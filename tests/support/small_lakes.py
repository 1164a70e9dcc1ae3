"""The smallest sources and runs a lake can be tried with: images named by number, and no pixels."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import Lake, Part, Staging, plan_parts, write_part
from flows.release import Receipt, Release
from schemas import TABLES
from schemas.source import ARRANGED

PART_SIZE = 10
"""Images per part in these tests; the real sources have about 4,096."""


def rows(table: str, *given: Mapping[str, object]) -> pa.Table:
    """Rows of a declared table; columns left out get null, or a plain value of their type."""
    schema = TABLES[table].schema
    filled = [{**{f.name: _plain(f) for f in schema}, **row} for row in given]
    return pa.Table.from_pylist(filled, schema=schema)


def _plain(field: pa.Field) -> object:
    if field.nullable:
        return None
    words = {"dataset": "deepfashion2", "split": "train", "image_status": "ok"}
    if pa.types.is_string(field.type):
        return words.get(field.name, "word")
    if pa.types.is_boolean(field.type):
        return True
    return [] if pa.types.is_nested(field.type) else 0


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


def a_part(*image_ids: int, split: str = "train", number: int = 0) -> Part:
    """A part of documents, for trying write_part alone."""
    return Part("deepfashion2", split, number, "f", source(dict.fromkeys(image_ids, "a"), split))


def tables_of(part: Part) -> dict[str, pa.Table]:
    """An image and an item for every document; a stamp `wide...` makes its picture wider."""
    members = part.members
    images = [
        {"dataset": part.dataset, "split": part.split, "image_id": image, "width": len(stamp)}
        for image, stamp in zip(
            members["image_id"].to_pylist(), members["stamp"].to_pylist(), strict=True
        )
    ]
    items = [
        {"dataset": part.dataset, "split": part.split, "image_id": one["image_id"], "item_no": 1}
        for one in images
    ]
    return {"images": rows("images", *images), "items": rows("items", *items)}


def build(folder: Path, part: Part) -> Receipt:
    """Build a part as the pipeline does: its files, and how much was read."""
    tables = tables_of(part)
    count = tables["images"].num_rows
    read = {"documents_read": count, "documents_refused": 0, "images": count}
    return Receipt(
        part=part.name,
        fingerprint=part.fingerprint,
        files=write_part(folder, part, tables),
        counts={**read, "items_read": count, "items_refused": 0, "items": count},
    )


def fill(
    staging: Staging,
    members: pa.Table,
    *,
    dataset: str = "deepfashion2",
    splits: Iterable[str] | None = None,
    prune: bool = False,
) -> list[str]:
    """Link what is unchanged, build the rest, derive two tables; the names of the built parts."""
    plan = plan_parts(
        dataset,
        members,
        versions={"decoder": 1},
        parent=staging.parent.manifest if staging.parent else None,
        splits=list(splits) if splits else None,
        prune=prune,
    )
    staging.link_others(dataset)
    staging.link(plan.unchanged)
    staging.record(build(staging.folder, part) for part in plan.changed)
    staging.write_table("pairs", TABLES["pairs"].schema.empty_table())
    count = sum(len(pc.unique(part)) for part in members["image_id"].chunks)
    staging.write_table("statistics/how_many", pa.table({"images": [count]}))
    return [part.name for part in plan.changed]


def publish(lake: Path | Lake, members: pa.Table, **options: object) -> Release:
    """A whole run over a source: the release that is current after it."""
    lake = lake if isinstance(lake, Lake) else Lake(lake)
    with lake.writing() as staging:
        fill(staging, members, **options)  # type: ignore[arg-type]
        return staging.publish(
            inputs={"deepfashion2": {"location": "/source", "listing": "l"}}, parameters={}
        )
