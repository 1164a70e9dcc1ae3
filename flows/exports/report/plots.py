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
    units: Mapping[str, str] | None = None,
) -> Block:
    """One plot of the rows: `bar`, `stack`, `column` or `histogram`, with a column per channel.

    Names and series have the order of the rows, or of their vocabulary. `scale` are the rows of all
    plots that share a horizontal scale and colours; `marks` is a column of values shown as ticks on
    bars; `units` of columns determine the format of their axis.
    """
    alt, units = _altair(), units or {}
    chart = alt.Chart(alt.Data(values=list(rows)))
    if kind == "histogram":
        chart = _histogram(alt, chart, rows, scale or rows, channels, units)
    elif kind == "column":
        chart = _columns(alt, chart, scale or rows, channels)
    else:
        chart = _bars(alt, chart, rows, scale or rows, channels, kind == "stack", marks, units)
    columns = ", ".join(column_label(column) for column in channels.values())
    return {
        "kind": "plot",
        "title": title,
        "description": f"A plot of: {columns}.",
        "svg": _svg(chart),
        "small": kind == "histogram",
    }


def _axis(alt: Any, values: Sequence[float], unit: str, title: str | None, ticks: int = 4) -> Any:
    """An axis of values from 0 with a title: percent for shares, whole ticks for counts."""
    if not all(isinstance(value, int) for value in values):
        text = ".0%" if unit == "share" else "~g"
        return alt.Axis(format=text, tickCount=ticks, title=title)
    # Vega's own ticks of counts are halves where the counts are small, whatever tickMinStep is.
    top = int(max(values, default=0))
    power = int(10 ** (len(str(max(1, top // ticks))) - 1))
    step = next(step * power for step in (1, 2, 5, 10) if top // (step * power) <= ticks)
    text = ",d" if top < 10_000 else "~s"
    return alt.Axis(format=text, values=list(range(0, top + 1, step)), title=title)


def _bars(
    alt: Any,
    chart: Any,
    rows: Rows,
    scale_rows: Rows,
    channels: Channels,
    stacked: bool,
    marks: str | None,
    units: Mapping[str, str],
) -> Any:
    """Horizontal bars, each with its value; stacked ones are shares of their sum."""
    names, color, value = _order(rows, channels["y"]), channels.get("color"), channels["x"]
    y = alt.Y(f"{channels['y']}:N", sort=names, title=None)
    # Shares can be compared between the plots of a grid, counts of splits cannot.
    scaled = scale_rows if units.get(value) == "share" else rows
    values = [row[column] for row in scaled for column in (value, marks) if column]
    title = column_label(value)
    if stacked:
        axis = alt.Axis(format=".0%", values=[0, 0.5, 1], title=f"Share of {value}")
        x = alt.X(f"{value}:Q", axis=axis, stack="normalize")
    else:
        # The numbers at the ends of the bars take a sixth of the width.
        scale = alt.Scale(domain=[0, (max(values) or 1) * 1.2], nice=False)
        axis = _axis(alt, values, units.get(value, ""), title)
        x = alt.X(f"{value}:Q", axis=axis, scale=scale, stack=None)
    encoding = {"y": y, "x": x}
    step = 18 if stacked else 22
    if color:
        encoding["color"] = _series(alt, rows, color, scale_rows)
        if not stacked:
            series = _order(rows, color)
            encoding["yOffset"] = alt.YOffset(f"{color}:N", sort=series)
            step = 14 * len(series) + 6
    drawn = chart.mark_bar(cornerRadiusEnd=0 if stacked else 2).encode(**encoding)
    if not stacked:
        # A number is right of its bar, and of the mark on it.
        ends = f"max(datum['{value}'], datum['{marks or value}'])"
        places = {name: place for name, place in encoding.items() if name != "color"}
        places["x"] = alt.X("end_of_bar:Q", axis=axis, scale=scale, stack=None)
        text = alt.Text(f"{value}:Q", format=".1%" if units.get(value) == "share" else ",")
        numbers = chart.transform_calculate(end_of_bar=ends).mark_text(align="left", dx=4)
        drawn += numbers.encode(**places, text=text)
    if marks:
        ticks = chart.mark_tick(color=_INK, thickness=2, bandSize=26)
        drawn += ticks.encode(y=y, x=f"{marks}:Q")
    # The names take part of the width, so that all plots are about equally wide.
    width = WIDTH - 36 - min(125, round(5.9 * max(len(str(name)) for name in names)))
    height = alt.Step(step) if stacked else alt.Step(step, **{"for": "position"})
    return drawn.properties(width=width, height=height)


def _columns(alt: Any, chart: Any, rows: Rows, channels: Channels) -> Any:
    """A distribution over whole numbers from 0, numbers without rows included."""
    number, count, color = channels["x"], channels["y"], channels.get("color")
    last = min(_MAX_COLUMNS, max(row[number] for row in rows))
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    scale = alt.Scale(domain=list(range(last + 1)))
    title = column_label(number) + (f", up to {last}" if last == _MAX_COLUMNS else "")
    counts = _axis(alt, [row[count] for row in rows], "", column_label(count), ticks=3)
    encoding = {
        "x": alt.X(f"{number}:O", title=title, axis=axis, scale=scale),
        "y": alt.Y(f"{count}:Q", axis=counts),
    }
    if color:
        encoding["color"] = _series(alt, rows, color, rows)
        encoding["xOffset"] = alt.XOffset(f"{color}:N", sort=_order(rows, color))
    drawn = chart.transform_filter(f"datum.{number} <= {last}")
    return (
        drawn.mark_bar(cornerRadiusEnd=0)
        .encode(**encoding)
        .properties(width=WIDTH - 66, height=130)
    )


def _histogram(
    alt: Any,
    chart: Any,
    rows: Rows,
    scale_rows: Rows,
    channels: Channels,
    units: Mapping[str, str],
) -> Any:
    """Bins from 0; a bin without upper edge is drawn as wide as the others."""
    lower, upper, count = channels["x"], channels["x2"], channels["y"]
    width = min(
        (row[upper] - row[lower] for row in scale_rows if row[upper] is not None), default=1
    )
    ends = [row[upper] if row[upper] is not None else row[lower] + width for row in scale_rows]
    end = round(max(ends), 6)
    axis = _axis(alt, ends, units.get(lower, ""), None, ticks=3)
    axis.grid = False
    counts = _axis(alt, [row[count] for row in rows], "", column_label(count), ticks=2)
    scale = alt.Scale(domain=[0, end])
    closed = chart.transform_calculate(**{upper: f"datum.{upper} === null ? {end} : datum.{upper}"})
    return (
        closed.mark_bar(cornerRadiusEnd=0, binSpacing=1)
        .encode(
            x=alt.X(f"{lower}:Q", bin="binned", scale=scale, title=None, axis=axis),
            x2=f"{upper}:Q",
            y=alt.Y(f"{count}:Q", axis=counts),
        )
        .properties(width=94, height=72)
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
