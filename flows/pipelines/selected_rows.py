"""Selections of exports applied to a release: a condition and files of keys in, keys out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
import pyarrow as pa

from flows.exports.selection import SelectionRecord, SelectionTerms
from flows.pipelines.key_files import key_list, keys_hash, read_keys
from flows.pipelines.selection import Selection
from flows.release import Release
from flows.warehouse import (
    Warehouse,
    open_read_only,
    require_repeatable,
    run_user_sql,
    sql_condition,
    text_literal,
)
from schemas.errors import InputError
from schemas.table import IMAGE_KEY, ITEM_KEY


@dataclass(frozen=True)
class SelectedRows:
    """The selected keys of a split: `image_id`, with `item_no` where items are selected; sorted.

    `notes` are sentences for people: what is selected, and keys that the release does not have.
    """

    keys: pa.Table
    record: SelectionRecord
    notes: tuple[str, ...]

    def description(self, dataset: str, split: str) -> dict[str, Any]:
        """The selection as `info` of a COCO file."""
        text = f"{dataset} {split}: {self.record.sentence}"
        return {"description": text, "selection": msgspec.to_builtins(self.record)}


def select_rows(
    release: Release, dataset: str, split: str, selection: Selection, *, by_item: bool = False
) -> SelectedRows | None:
    """The images of a split that a selection takes, or its items; None where it takes everything.

    A condition selects the items that it is true for, a key of an image all its items. An image is
    taken where one of its items is selected by the condition, where the keys have it or one of its
    items, and where the excluded keys have neither.

    Raises InputError for another text than one condition, a file that is not a list of keys or has
    no key of the split, and where nothing is selected.
    """
    release.require_split(dataset, split)
    if not selection:
        return None
    lists = {
        name: (path, read_keys(path))
        for name, path in (("keys", selection.keys), ("exclude", selection.exclude))
        if path is not None
    }
    with open_read_only(release.tables()) as con:
        place = f"dataset = {text_literal(dataset)} and split = {text_literal(split)}"
        tables = {
            name: _rows(con, f"select {', '.join(key[2:])} from {name} where {place}")
            for name, key in (("images", IMAGE_KEY), ("items", ITEM_KEY))
        }
        unit = "items" if by_item else "images"
        rows = tables[unit]
        matching = None
        if selection.where is not None:
            condition = sql_condition(con, selection.where)
            require_repeatable(con, condition)
            select = f"select image_id, item_no from items_full where {place} and {condition}"
            matching = _rows(con, select)
    notes: list[str] = []
    listed = {
        name: _known(path, keys, dataset, split, tables, notes)
        for name, (path, keys) in lists.items()
    }
    if "keys" in listed and listed["keys"].is_empty():
        path = lists["keys"][0]
        raise InputError(f"none of the keys in {path} is in {dataset} {split} of {release.id}.")
    steps: tuple[tuple[str, pl.DataFrame | None, Literal["semi", "anti"]], ...] = (
        ("not matching the condition", matching, "semi"),
        ("not among the keys", listed.get("keys"), "semi"),
        ("excluded", listed.get("exclude"), "anti"),
    )
    total, left_out = rows.height, {}
    for reason, others, how in steps:
        if others is not None:
            on = [name for name in others.columns if name in rows.columns]
            kept = rows.join(others, on=on, how=how)
            if kept.height < rows.height:
                left_out[reason] = rows.height - kept.height
            rows = kept
    keys = rows.sort(rows.columns).to_arrow()
    terms = SelectionTerms(
        selection.where,
        **{name: key_list(keys_of_file) for name, (_, keys_of_file) in lists.items()},
    )
    record = SelectionRecord(terms, unit, total, keys.num_rows, left_out, keys_hash(keys))
    if not keys.num_rows:
        raise InputError(f"{dataset} {split} has nothing to export: {record.sentence}.")
    return SelectedRows(keys, record, (record.sentence, *notes))


def _rows(con: Warehouse, sql: str) -> pl.DataFrame:
    return pl.DataFrame(run_user_sql(con, sql).read_all())


def _known(
    path: Path,
    keys: pa.Table,
    dataset: str,
    split: str,
    tables: Mapping[str, pl.DataFrame],
    notes: list[str],
) -> pl.DataFrame:
    """The keys of a file that the split has; a sentence on others is added to `notes`.

    Keys of other splits are not judged: one file may serve the exports of several splits.
    """
    own = pl.DataFrame(keys).filter(pl.col("dataset") == dataset, pl.col("split") == split)
    own = own.drop("dataset", "split")
    unit = "items" if "item_no" in own.columns else "images"
    unknown = own.join(tables[unit], on=own.columns, how="anti").sort(own.columns)
    if unknown.height:
        first = "/".join(map(str, (dataset, split, *unknown.row(0))))
        notes.append(
            f"{unknown.height:,} of the {own.height:,} keys of {dataset} {split} in {path} are not "
            f"in the release, the first is {first}"
        )
        if unknown.height == own.height:
            raise InputError(f"{notes[-1]}.")
    return own.join(unknown, on=own.columns, how="anti")
