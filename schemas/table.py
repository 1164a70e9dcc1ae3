"""Declarations of tables: `Table`, its columns, and the contracts that its rows must meet.

A declaration is data: it does no I/O. The contracts become SQL in flows/warehouse/contracts.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import pyarrow as pa

from schemas.datasets import DATASETS, SPLITS

SCHEMA_VERSION = 1
"""Raise it when a column is added, removed, renamed or changes its type or nullability.

Documentation and constraints do not count. Fingerprints, footers and manifests record it."""

SPLIT_KEY = ("dataset", "split")
IMAGE_KEY = (*SPLIT_KEY, "image_id")
ITEM_KEY = (*IMAGE_KEY, "item_no")


@dataclass(frozen=True)
class Column:
    """One column: its Arrow field, and the words it may hold where its vocabulary is closed."""

    field: pa.Field
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """Each row has one in `table`: the values of `columns` are a key there, in the key's order.

    `alias` names the contract where a table refers to another one several times.
    """

    columns: tuple[str, ...]
    table: str
    alias: str = ""

    @property
    def name(self) -> str:
        """The name of the contract, without the table that has the columns."""
        return self.alias or self.table


@dataclass(frozen=True)
class Count:
    """`column` is the number of rows of `table` with this row's key that meet `where` (SQL)."""

    column: str
    table: str
    where: str = "true"


@dataclass(frozen=True)
class Constraint:
    """A portable SQL expression over the columns of a row. Null passes, as in SQL's CHECK."""

    name: str
    expression: str
    doc: str


@dataclass(frozen=True)
class Table:
    """One declared table: name, meaning, key, columns, partition columns and contracts.

    Contracts that follow from the columns: the key is unique, a column that is not `optional` has
    no null, a column with `words` has no other word, and every float is finite. `numbered` means
    that the key's last column runs 1, 2, 3, ... within the rest of the key. `derived` tables are
    made from the others or from declarations; parts hold the rows of the rest.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    numbered: bool = False
    derived: bool = False
    references: tuple[Reference, ...] = ()
    counts: tuple[Count, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @cached_property
    def schema(self) -> pa.Schema:
        """The table as people query it, with the partition columns."""
        return pa.schema([column.field for column in self.columns])

    @cached_property
    def file_schema(self) -> pa.Schema:
        """The schema inside a Parquet file: the logical one without the partition columns.

        Hive convention reads these from the folder names (`dataset=.../split=...`).
        """
        return pa.schema([field for field in self.schema if field.name not in self.partition_by])


def column(
    name: str,
    type_: pa.DataType | str,
    doc: str,
    *,
    unit: str | None = None,
    words: Iterable[str] = (),
    nullable: bool = False,
) -> Column:
    """A required column whose meaning and unit are in the field's metadata, and so in footers."""
    metadata = {"doc": doc} if unit is None else {"doc": doc, "unit": unit}
    return Column(pa.field(name, type_, nullable=nullable, metadata=metadata), tuple(words))


optional = partial(column, nullable=True)
"""The same for a column that may be null; `doc` says when."""


def dataset_column() -> Column:
    """The column `dataset`, the same in every table."""
    return column(
        "dataset", "string", "Source dataset, e.g. `deepfashion2`.", words=tuple(DATASETS)
    )


def split_column(doc: str) -> Column:
    """The column `split`: which split is meant differs between tables."""
    return column("split", "string", doc, words=SPLITS)


def image_key() -> tuple[Column, ...]:
    """The columns that identify an image in every table: numbers restart in each split."""
    return (
        dataset_column(),
        split_column(
            "Fashion-MNIST's t10k is `test`; else as in the source: `train`, `test_a`, ..."
        ),
        column(
            "image_id",
            "int64",
            "The image within its split: its number; FashionAI: 13 hex digits of its file name.",
        ),
    )


def image_column() -> Column:
    """The column `image_id` of rows that are all of one split."""
    return column("image_id", "int64", "Number of the image within the split.")


def item_key() -> tuple[Column, ...]:
    """The columns that identify an item in every table."""
    return (
        *image_key(),
        column(
            "item_no", "int16", "The item within its image, from 1; always 1 but in DeepFashion2."
        ),
    )
