"""How a table is declared: `Table` and `column`. A declaration is data and has no I/O."""

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1
"""Raise it when a column is added, removed, renamed or changes its type or nullability.

Documentation and constraints do not count. Fingerprints, footers and manifests record it."""


@dataclass(frozen=True)
class Table:
    """One declared table: its name, meaning, key, partition columns and logical schema.

    `schema` is the table as people query it. Files leave out the partition columns, because
    Hive convention reads them from the folder names (`dataset=.../split=...`).
    """

    name: str
    doc: str
    key: tuple[str, ...]
    schema: pa.Schema
    partition_by: tuple[str, ...] = ()

    @property
    def file_schema(self) -> pa.Schema:
        """The schema inside a Parquet file: the logical one without the partition columns."""
        return pa.schema([field for field in self.schema if field.name not in self.partition_by])


def column(
    name: str, type_: pa.DataType, doc: str, *, unit: str | None = None, nullable: bool = False
) -> pa.Field:
    """A column whose meaning and unit travel in the field's metadata, and so in Parquet footers."""
    metadata = {"doc": doc} if unit is None else {"doc": doc, "unit": unit}
    return pa.field(name, type_, nullable=nullable, metadata=metadata)


def image_key() -> list[pa.Field]:
    """The columns that name an image in every table: numbers restart in each split."""
    return [
        column("dataset", pa.string(), "Source dataset, e.g. `deepfashion2`."),
        column(
            "split",
            pa.string(),
            "Split as the source names it: `train`, `validation`, `test_a`, ...",
        ),
        column("image_id", pa.int64(), "The image within its split; refers to images.image_id."),
    ]


def item_key() -> list[pa.Field]:
    """The columns that name an item in every table."""
    number = column(
        "item_no", pa.int16(), "The item within its image, from 1 as the source counts."
    )
    return [*image_key(), number]
