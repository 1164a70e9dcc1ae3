"""What a report is made from: plain values, so that it needs neither lake nor warehouse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from PIL import Image

from flows.exports.drawing.annotated import AnnotatedPicture
from schemas.datasets import DATASETS


@dataclass(frozen=True)
class ReleaseFacts:
    """Where a release comes from. `inputs` by data set: location, kind, listing, options, ...

    `versions` and `parameters` are the manifest's; `tables` has one row per table with `table`,
    `rows`, `bytes`, `files`.
    """

    release: str
    created: str
    content: str
    parent: str | None = None
    changes: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tables: pa.Table | None = None


@dataclass(frozen=True)
class ReportContent:
    """Everything that can be in a report; what is absent or empty has no section, or says so.

    `statistics` are the answers of sql/statistics by name. `checks` has one row per check with
    `check`, `verdict` (ok, warn, error), `rows`, `finds`, `example`; `rejections` some rows of the
    table. `samples` are drawn one by one, each of `pairs` as a contact sheet; `mean_pictures`
    holds the mean picture of each class by data set.
    """

    release: ReleaseFacts
    statistics: Mapping[str, pa.Table]
    checks: pa.Table | None = None
    rejections: pa.Table | None = None
    samples: Sequence[AnnotatedPicture] = ()
    pairs: Sequence[Sequence[AnnotatedPicture]] = ()
    mean_pictures: Mapping[str, Mapping[str, Image.Image]] = field(default_factory=dict)

    def rows(self, statistic: str, dataset: str | None = None) -> list[dict[str, Any]]:
        """Rows of a statistic, of one data set when it is given; none when it is absent."""
        table = self.statistics.get(statistic)
        if table is None:
            return []
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows if dataset is None else [row for row in rows if row["dataset"] == dataset]

    @property
    def datasets(self) -> list[str]:
        """The data sets with images, in the order of the vocabulary."""
        there = {row["dataset"] for row in self.rows("split_totals")}
        return [dataset for dataset in DATASETS if dataset in there]


@dataclass(frozen=True)
class Section:
    """One section of the page: blocks in their order, grouped where they stand side by side."""

    chapter: str
    key: str
    title: str
    intro: str
    blocks: tuple[Any, ...]


@dataclass(frozen=True)
class Row:
    """Blocks side by side, as many as the window is wide; `width` is a CSS class for theirs."""

    blocks: tuple[Any, ...]
    kind: str = "row"
    width: str = ""
    title: str = ""
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Words:
    """A paragraph, quiet unless it says that something is missing."""

    text: str
    kind: str = "words"


@dataclass(frozen=True)
class Folded:
    """A block that opens on request, below one that shows the same at a glance."""

    title: str
    block: Any
    kind: str = "folded"


@dataclass(frozen=True)
class Facts:
    """Names with values, in two columns."""

    pairs: tuple[tuple[str, str], ...]
    caption: str
    kind: str = "facts"


@dataclass(frozen=True)
class Tile:
    """One large number of the head of the page."""

    value: str
    label: str
    note: str = ""
