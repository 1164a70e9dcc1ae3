"""Plots as SVG from rows and channels, described with Altair.

Plots are at most 340 pixels wide, which a telephone shows at full size.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flows.exports.report.blocks import Block, column_label
from flows.exports.report.svg import INK, SERIES, altair, svg_text
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

WIDTH = 340

_ORDERED_WORDS = (SCALES, OCCLUSIONS, ZOOMS, VIEWPOINTS)
_MAX_COLUMNS = 30
"""Numbers that a column plot shows at most, from 0."""

Rows = Sequence[Mapping[str, Any]]
Channels = Mapping[str, str]


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
    """One plot of the rows: a kind, and a column per channel.

    The kinds are `bar`, `stack`, `column` and `histogram`, as queries name them, `line` (x and y:
    shares) and `matrix` (x and y: names, color: counts).
    Names and series have the order of the rows, or of their vocabulary. `scale` are the rows of all
    plots that share a horizontal scale and colours; `marks` is a column of values shown as ticks on
    bars; `units` of columns determine the format of their axis.
    """
    alt, units = altair(), units or {}
    chart = alt.Chart(alt.Data(values=list(rows)))
    if kind == "histogram":
        chart = _histogram(alt, chart, rows, scale or rows, channels, units)
    elif kind == "column":
        chart = _columns(alt, chart, scale or rows, channels)
    elif kind == "line":
        chart = _lines(alt, chart, rows, channels)
    elif kind == "matrix":
        chart = _matrix(alt, chart, rows, channels)
    else:
        chart = _bars(alt, chart, rows, scale or rows, channels, kind == "stack", marks, units)
    columns = ", ".join(column_label(column) for column in channels.values())
    return {
        "kind": "plot",
        "title": title,
        "description": f"A plot of: {columns}.",
        "svg": svg_text(chart),
        "small": kind in ("histogram", "line"),
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
        ticks = chart.mark_tick(color=INK, thickness=2, bandSize=26)
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


def _lines(alt: Any, chart: Any, rows: Rows, channels: Channels) -> Any:
    """Shares against shares, both from 0 to 1; each series has a colour and a pattern of dashes."""
    color = channels["color"]
    names = _order(rows, color)
    dashes = alt.Scale(domain=names, range=[[1, 0], [5, 3], [2, 2]])
    axes = {
        name: type_(
            f"{channels[name]}:Q",
            title=column_label(channels[name]),
            axis=alt.Axis(format=".0%", values=[0, 0.5, 1]),
            scale=alt.Scale(domain=[0, 1]),
        )
        for name, type_ in (("x", alt.X), ("y", alt.Y))
    }
    drawn = chart.mark_line(strokeWidth=1.6, interpolate="step-before").encode(
        **axes,
        color=_series(alt, rows, color, rows),
        strokeDash=alt.StrokeDash(f"{color}:N", scale=dashes),
    )
    return drawn.properties(width=96, height=88)


def _matrix(alt: Any, chart: Any, rows: Rows, channels: Channels) -> Any:
    """A cell with its count for each pair of names; the darker the more."""
    count = channels["color"]
    axes = {
        name: type_(
            f"{channels[name]}:N",
            title=column_label(channels[name]),
            sort=_order(rows, channels["y"]),
            axis=alt.Axis(labelAngle=-45 if name == "x" else 0, grid=False),
        )
        for name, type_ in (("x", alt.X), ("y", alt.Y))
    }
    most = max(row[count] for row in rows)
    shade = alt.Opacity(
        f"{count}:Q", scale=alt.Scale(domain=[0, most], range=[0, 0.7]), legend=None
    )
    cells = chart.mark_rect(color=SERIES[0]).encode(**axes, opacity=shade)
    numbers = chart.transform_filter(f"datum['{count}'] > 0").mark_text(fontSize=9)
    return (cells + numbers.encode(**axes, text=f"{count}:Q")).properties(
        width=alt.Step(22), height=alt.Step(22)
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
