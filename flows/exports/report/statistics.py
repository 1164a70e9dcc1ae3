"""Sections made from the headers of statistics: title, prose, plots and a table of all rows.

The labels of DeepFashion2 have in addition the shares that its paper gives.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from flows.exports.report.blocks import Block, column_label, details, grid, table_block
from flows.exports.report.content import ReportContent, Section, Statistic
from flows.exports.report.plots import Channels, plot_block

_MAX_OPEN_ROWS = 40

PAPER_SHARES = {
    "scale": {"small": 0.26, "modest": 0.50, "large": 0.24},
    "occlusion": {"slight": 0.47, "medium": 0.47, "heavy": 0.06},
    "zoom_in": {"no_zoom": 0.67, "medium": 0.21, "large": 0.12},
    "viewpoint": {"no_wear": 0.07, "frontal": 0.78, "side_or_back": 0.15},
}
"""Figure 3 of the paper; side and back added up."""


def statistic_section(
    content: ReportContent,
    chapter: str,
    name: str,
    dataset: str | None = None,
    *,
    before: Sequence[Block] = (),
    folded: bool = False,
) -> Section | None:
    """The section of a statistic for one data set, or all; None where it has no rows.

    `before` are blocks above the plots. The table opens on a click where there are plots, where it
    is long, or if `folded`.
    """
    statistic = content.statistics.get(name)
    if statistic is None or not statistic.rows(dataset):
        return None
    title, subtitle = _title_parts(statistic)
    intro = f"{subtitle} {statistic.prose}".strip()
    plots = plot_blocks(statistic, dataset)
    table = statistic_table(statistic, dataset)
    folded = bool(folded or plots or before or len(table["rows"]) > _MAX_OPEN_ROWS)
    last = details("All numbers", table) if folded else table
    key = f"{dataset}-{name}" if dataset else name
    return Section(chapter, key.replace("_", "-"), title, intro, [*before, *plots, last])


def variations(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The labels of all items next to the paper's shares, then by category."""
    all_items = [row for row in content.rows("variations", dataset) if not row["category_id"]]
    plots: list[Block] = []
    for variation, shares in PAPER_SHARES.items():
        rows = [
            {**row, "paper": share}
            for label, share in shares.items()
            for row in all_items
            if (row["variation"], row["label"]) == (variation, label)
        ]
        if rows:
            channels = {"x": "share", "y": "label", "color": "split"}
            title = f"{variation}: splits of this release, marks: the paper"
            units = {"share": "share"}
            plots.append(plot_block("bar", rows, channels, title=title, marks="paper", units=units))
    return statistic_section(content, chapter, "variations", dataset, before=[grid(plots)])


def _title_parts(statistic: Statistic) -> tuple[str, str]:
    """The title up to its colon, and the rest as a sentence."""
    title, _, rest = statistic.title.partition(": ")
    return title.rstrip("."), rest[:1].upper() + rest[1:]


def statistic_table(statistic: Statistic, dataset: str | None = None) -> Block:
    """All rows of a statistic; without the column `dataset` for a single data set."""
    table = pa.Table.from_pylist(statistic.rows(dataset), schema=statistic.table.schema)
    if dataset:
        table = table.drop_columns(["dataset"])
    return table_block(
        table,
        _title_parts(statistic)[0],
        units=statistic.units,
        units_of=statistic.units_of,
        docs=statistic.columns,
    )


def plot_blocks(statistic: Statistic, dataset: str | None = None) -> list[Block]:
    """The plots of a statistic as its header describes them, in grids."""
    return [
        block
        for kind, channels in statistic.plots
        for block in _grids(statistic, statistic.rows(dataset), kind, channels)
    ]


def _grids(
    statistic: Statistic, rows: list[dict[str, Any]], kind: str, channels: Channels
) -> Iterator[Block]:
    group, facet = channels.get("group"), channels.get("facet")
    drawn = {name: column for name, column in channels.items() if name not in ("group", "facet")}
    for heading, grouped in _split_by(rows, group):
        title = f"{column_label(group)}: {heading}" if group else ""
        parts = [(name, _added_up(part, kind, drawn)) for name, part in _split_by(grouped, facet)]
        scale_rows = [row for _, part in parts for row in part]
        units = statistic.units_of(grouped[0]) if grouped else {}
        plots = [
            plot_block(
                kind,
                part,
                drawn,
                title=_plot_title(kind, drawn, name),
                scale=scale_rows,
                units=units,
            )
            for name, part in parts
        ]
        yield grid(plots, width="narrow" if kind == "histogram" else "", title=title)


def _split_by(rows: list[dict[str, Any]], column: str | None) -> list[tuple[Any, list]]:
    """Rows by the words of a column, in the order of the rows; all rows without a column."""
    if column is None:
        return [(None, rows)]
    names = dict.fromkeys(row[column] for row in rows if row[column] is not None)
    return [(name, [row for row in rows if row[column] == name]) for name in names]


def _plot_title(kind: str, channels: Channels, facet: str | None) -> str:
    if kind == "histogram" and facet:
        return facet
    value, names = ("x", "y") if kind in ("bar", "stack") else ("y", "x")
    title = f"{column_label(channels[value])} by {channels[names].replace('_', ' ')}"
    return f"{title}: {facet}" if facet else title


def _added_up(rows: list[dict[str, Any]], kind: str, channels: Channels) -> list[dict[str, Any]]:
    """One row for each combination of the columns drawn, its values added up."""
    value = channels["x" if kind in ("bar", "stack") else "y"]
    names = [column for column in channels.values() if column != value]
    sums: Counter[tuple] = Counter()
    for row in rows:
        # Null edges are those of an open bin; a null name is a total over all names.
        if kind == "histogram" or all(row[name] is not None for name in names):
            sums[tuple(row[name] for name in names)] += row[value]
    return [{**dict(zip(names, key, strict=True)), value: total} for key, total in sums.items()]
