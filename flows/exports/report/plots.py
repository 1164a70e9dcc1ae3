"""Plots as SVG from rows and channels: Altair describes them, vl-convert draws them.

Colours are placeholders that become CSS variables, so that one drawing serves light and dark.
Plots are at most 340 pixels wide, which a telephone shows at full size.
"""

import importlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from flows.exports.report.blocks import Block, column_label
from schemas.errors import MissingExtra
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

WIDTH = 340
_INK, _QUIET, _RULE = "#0a0101", "#0a0202", "#0a0303"
SERIES = ("#0b0101", "#0b0202", "#0b0303", "#0b0404")
_VARIABLES = {
    _INK: "var(--ink)",
    _QUIET: "var(--quiet)",
    _RULE: "var(--rule)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, start=1)},
}
_FONT = "system-ui, sans-serif"
_CLIP = re.compile(r"(?<=[\"#])clip\d+(?=[\")])")

_ORDERED_WORDS = (SCALES, OCCLUSIONS, ZOOMS, VIEWPOINTS)
_MAX_COLUMNS = 30
"""Numbers that a column plot shows at most, from 0."""

Rows = Sequence[Mapping[str, Any]]
Channels = Mapping[str, str]


def _altair() -> Any:
    try:
        importlib.import_module("vl_convert")
        return importlib.import_module("altair")
    except ImportError as error:
        raise MissingExtra(
            "the report's plots need Altair and vl-convert: run `pip install '.[report]'` in the "
            "source folder of wardrobe."
        ) from error


def require_plots() -> None:
    """MissingExtra when the libraries of the extra `report` are not installed."""
    _altair()


def plot_block(
    kind: str,
    rows: Rows,
    channels: Channels,
    *,
    title: str,
    scale: Rows = (),
    marks: str | None = None,
    percent: bool = False,
) -> Block:
    """One plot of the rows: `bar`, `stack`, `column` or `histogram`, with a column per channel.

    Names and series have the order of the rows, or of their vocabulary. `scale` are the rows of all
    plots that share a horizontal scale and colours; `marks` is a column of values shown as ticks on
    bars; `percent` formats the values.
    """
    alt = _altair()
    chart = alt.Chart(alt.Data(values=list(rows)))
    if kind == "histogram":
        chart = _histogram(alt, chart, scale or rows, channels)
    elif kind == "column":
        chart = _columns(alt, chart, scale or rows, channels)
    else:
        chart = _bars(alt, chart, rows, scale or rows, channels, kind == "stack", marks, percent)
    columns = ", ".join(column_label(column) for column in channels.values())
    return {
        "kind": "plot",
        "title": title,
        "description": f"A plot of: {columns}.",
        "svg": _svg(chart),
        "small": kind == "histogram",
    }


def _bars(
    alt: Any,
    chart: Any,
    rows: Rows,
    scale_rows: Rows,
    channels: Channels,
    stacked: bool,
    marks: str | None,
    percent: bool,
) -> Any:
    names, color = _order(rows, channels["y"]), channels.get("color")
    y = alt.Y(f"{channels['y']}:N", sort=names, title=None)
    axis = alt.Axis(format=".0%" if percent else "~s", tickCount=4)
    if stacked:
        axis = alt.Axis(format=".0%", values=[0, 0.5, 1])
    stack = "normalize" if stacked else "zero"
    encoding = {"y": y, "x": alt.X(f"{channels['x']}:Q", title=None, axis=axis, stack=stack)}
    step = 18 if stacked else 22
    if color:
        encoding["color"] = _series(alt, rows, color, scale_rows)
        if not stacked:
            series = _order(rows, color)
            encoding["yOffset"] = alt.YOffset(f"{color}:N", sort=series)
            step = 14 * len(series) + 6
    drawn = chart.mark_bar(cornerRadiusEnd=0 if stacked else 2).encode(**encoding)
    if marks:
        ticks = chart.mark_tick(color=_INK, thickness=2, bandSize=26)
        drawn = drawn + ticks.encode(y=y, x=f"{marks}:Q")
    # The names take part of the width, so that all plots are about equally wide.
    width = WIDTH - 36 - min(125, round(5.9 * max(len(str(name)) for name in names)))
    height = alt.Step(step) if stacked else alt.Step(step, **{"for": "position"})
    return drawn.properties(width=width, height=height)


def _columns(alt: Any, chart: Any, rows: Rows, channels: Channels) -> Any:
    """A distribution over whole numbers from 0, numbers without rows included."""
    number, color = channels["x"], channels.get("color")
    last = min(_MAX_COLUMNS, max(row[number] for row in rows))
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    scale = alt.Scale(domain=list(range(last + 1)))
    title = column_label(number) + (f", up to {last}" if last == _MAX_COLUMNS else "")
    encoding = {
        "x": alt.X(f"{number}:O", title=title, axis=axis, scale=scale),
        "y": alt.Y(f"{channels['y']}:Q", title=None, axis=alt.Axis(format="~s", tickCount=3)),
    }
    if color:
        encoding["color"] = _series(alt, rows, color, rows)
        encoding["xOffset"] = alt.XOffset(f"{color}:N", sort=_order(rows, color))
    drawn = chart.transform_filter(f"datum.{number} <= {last}")
    return (
        drawn.mark_bar(cornerRadiusEnd=0)
        .encode(**encoding)
        .properties(width=WIDTH - 46, height=130)
    )


def _histogram(alt: Any, chart: Any, rows: Rows, channels: Channels) -> Any:
    """Bins from 0; a bin without upper edge is drawn as wide as the others."""
    lower, upper = channels["x"], channels["x2"]
    width = min((row[upper] - row[lower] for row in rows if row[upper] is not None), default=1)
    ends = [row[upper] if row[upper] is not None else row[lower] + width for row in rows]
    end = round(max(ends), 6)
    axis = alt.Axis(format="~g", tickCount=4, grid=False)
    scale = alt.Scale(domain=[0, end])
    closed = chart.transform_calculate(**{upper: f"datum.{upper} === null ? {end} : datum.{upper}"})
    return (
        closed.mark_bar(cornerRadiusEnd=0, binSpacing=1)
        .encode(
            x=alt.X(f"{lower}:Q", bin="binned", scale=scale, title=None, axis=axis),
            x2=f"{upper}:Q",
            y=alt.Y(f"{channels['y']}:Q", title=None, axis=None),
        )
        .properties(width=148, height=64)
    )


def _order(rows: Rows, column: str) -> list[Any]:
    """The names in a column, in the order of their vocabulary, else of the rows."""
    names = list(dict.fromkeys(row[column] for row in rows))
    for words in _ORDERED_WORDS:
        if set(names) <= set(words):
            return sorted(names, key=words.index)
    return names


def _series(alt: Any, rows: Rows, column: str, scale_rows: Rows) -> Any:
    """A colour for each name: the same in all plots of a grid where the colours are enough."""
    names, names_of_grid = _order(rows, column), _order(scale_rows, column)
    if len(names_of_grid) > len(SERIES):
        names_of_grid = names
    colours = [SERIES[names_of_grid.index(name) % len(SERIES)] for name in names]
    return alt.Color(f"{column}:N", scale=alt.Scale(domain=names, range=colours))


def _svg(chart: Any) -> Markup:
    """The chart as SVG. The same chart gives the same text."""
    convert = importlib.import_module("vl_convert")
    axis = {
        "labelColor": _INK,
        "titleColor": _QUIET,
        "gridColor": _RULE,
        "domainColor": _RULE,
        "tickColor": _RULE,
        "labelFont": _FONT,
        "titleFont": _FONT,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "labelLimit": 130,
    }
    legend = {key: axis[key] for key in ("labelColor", "titleColor", "labelFont", "labelFontSize")}
    specification = chart.to_dict()
    specification["padding"] = {"left": 16, "top": 4, "right": 10, "bottom": 4}
    specification["config"] = {
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {**legend, "orient": "top", "title": None, "symbolSize": 70, "offset": 6},
        "text": {"font": _FONT, "fontSize": 11, "color": _INK},
        "bar": {"color": SERIES[0]},
    }
    svg = convert.vegalite_to_svg(specification)
    for placeholder, variable in _VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    # The page describes the drawing as a whole: remove the descriptions of its parts.
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    # vl-convert counts clips over the life of the process: name them by the specification instead.
    checksum = zlib.crc32(json.dumps(specification, sort_keys=True).encode())
    clips = {name: k for k, name in enumerate(dict.fromkeys(re.findall(_CLIP, svg)))}
    svg = re.sub(_CLIP, lambda match: f"clip-{checksum:08x}-{clips[match[0]]}", svg)
    return Markup(svg)
