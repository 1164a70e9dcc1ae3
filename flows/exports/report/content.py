"""Contents of a report: statistics with their headers, checks, rejections and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from PIL import Image

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.report.blocks import Block
from flows.release.manifest import Manifest
from schemas.datasets import DATASETS


@dataclass(frozen=True)
class Statistic:
    """The rows of a query and what its header says about them.

    `columns` maps each column to its meaning, `units` some columns to `share`, `bytes` or `px`, in
    the rows that have the words of `units_if`; `plots` are kinds of plot with the column in each
    channel.
    """

    name: str
    title: str
    prose: str
    columns: Mapping[str, str]
    units: Mapping[str, str]
    plots: Sequence[tuple[str, Mapping[str, str]]]
    table: pa.Table
    units_if: Mapping[str, str] = field(default_factory=dict)

    def units_of(self, row: Mapping[str, Any]) -> Mapping[str, str]:
        """The units of the columns in this row."""
        return self.units if all(row[k] == word for k, word in self.units_if.items()) else {}

    def rows(self, dataset: str | None = None) -> list[dict[str, Any]]:
        """All rows, or those of one data set."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows if dataset is None else [row for row in rows if row["dataset"] == dataset]


@dataclass(frozen=True)
class Drawing:
    """A picture with predictions over its items, or several for a sheet, and what one sees.

    With `item_no` the drawing is about this item of a single picture: the others are grey.
    """

    pictures: Sequence[AnnotatedPicture]
    caption: str
    item_no: int | None = None


@dataclass(frozen=True)
class ScoredPredictions:
    """An evaluation as the report shows it: what was scored, and what there is to show of it.

    `scores` are rows of TASK_SCORES; `summary` those over everything and `table` all of them, in
    the columns that are for people. `curves` has rows `category`, `threshold`, `recall` and
    `precision`; `confusion` a row for each pair of categories: `category`, `predicted`, `images`.
    `worst` has drawings of the worst items by what is wrong with them; `notes` are sentences.
    """

    task: str
    dataset: str
    split: str
    predictions_sha256: str
    kernel: str
    scores: Sequence[dict[str, Any]] = ()
    summary: pa.Table | None = None
    table: pa.Table | None = None
    curves: Sequence[dict[str, Any]] = ()
    confusion: Sequence[dict[str, Any]] = ()
    worst: Mapping[str, Sequence[Drawing]] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ReportContent:
    """Everything that can be in a report; a section without rows is left out.

    `tables` has one row per table of the release: `table`, `rows`, `bytes`, `files`. `checks` has
    one row per check: `check`, `verdict` (ok, warn, error, not checkable), `rows`, `examined`,
    `not_examined`, `finds`, `example`; `rejections` some rows of the table. `differences` has rows
    `added`, `removed` and `changed` since the previous release, by table, data set and split;
    `check_differences` the checks that found another number of rows, `before` and `now`; both are
    None without that release. Each of `samples` is drawn, each of `pairs` as a contact sheet;
    `mean_pictures` has the mean picture of each class by data set; each of `scored` is a section.
    """

    manifest: Manifest
    statistics: Mapping[str, Statistic]
    tables: pa.Table | None = None
    checks: pa.Table | None = None
    rejections: pa.Table | None = None
    differences: pa.Table | None = None
    check_differences: pa.Table | None = None
    samples: Sequence[AnnotatedPicture] = ()
    pairs: Sequence[Sequence[AnnotatedPicture]] = ()
    mean_pictures: Mapping[str, Mapping[str, Image.Image]] = field(default_factory=dict)
    scored: Sequence[ScoredPredictions] = ()

    def rows(self, statistic: str, dataset: str | None = None) -> list[dict[str, Any]]:
        """Rows of a statistic, of one data set or all; none when it is absent."""
        return self.statistics[statistic].rows(dataset) if statistic in self.statistics else []

    @property
    def datasets(self) -> list[str]:
        """The data sets with images, in the order of the vocabulary."""
        names = {row["dataset"] for row in self.rows("split_totals")}
        return [dataset for dataset in DATASETS if dataset in names]


@dataclass(frozen=True)
class Section:
    """One section of the page: a title, an introduction and blocks."""

    chapter: str
    key: str
    title: str
    intro: str
    blocks: Sequence[Block]
