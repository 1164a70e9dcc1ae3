"""Numbers -> plots as SVG: Altair describes them, vl-convert draws them without a browser.

Colours are placeholders that become CSS variables, so that one drawing serves light and dark.
Plots are at most 340 pixels wide, which a telephone shows without shrinking the letters.
"""

import importlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from schemas.errors import InputError

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

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class PlotBlock:
    """A drawn plot with the sentence that says what it shows, also for those who cannot see it."""

    title: str
    description: str
    svg: Markup
    kind: str = "plot"
    small: bool = False


def _altair() -> Any:
    try:
        importlib.import_module("vl_convert")
        return importlib.import_module("altair")
    except ImportError as error:
        raise InputError(
            "The report's plots need Altair and vl-convert: pip install 'wardrobe-lake[report]'."
        ) from error


def require_plots() -> None:
    """InputError in one sentence when the libraries of the extra `report` are not installed."""
    _altair()


def _drawn(
    chart: Any, title: str, description: str, *, small: bool = False, bottom: int = 4
) -> PlotBlock:
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
    specification["padding"] = {"left": 16, "top": 4, "right": 10, "bottom": bottom}
    specification["config"] = {
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {**legend, "orient": "top", "title": None, "symbolSize": 70, "offset": 6},
        "text": {"font": _FONT, "fontSize": 11, "color": _INK},
        "bar": {"cornerRadiusEnd": 2},
    }
    svg = convert.vegalite_to_svg(specification)
    for placeholder, variable in _VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    # The drawing as a whole is described where it stands; inside it the words would only repeat.
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    # vl-convert counts clips over the life of the process: name them by what is drawn instead.
    drawn = zlib.crc32(json.dumps(specification, sort_keys=True).encode())
    clips = {name: k for k, name in enumerate(dict.fromkeys(re.findall(_CLIP, svg)))}
    svg = re.sub(_CLIP, lambda found: f"clip-{drawn:08x}-{clips[found[0]]}", svg)
    return PlotBlock(title, description, Markup(svg), small=small)


def _order(rows: Rows, name: str) -> list[Any]:
    return list(dict.fromkeys(row[name] for row in rows))


def _beside(names: Sequence[Any]) -> int:
    """The width left for bars beside their names, so that all plots are about equally wide."""
    return WIDTH - 36 - min(125, round(5.9 * max(len(str(name)) for name in names)))


def _series(alt: Any, name: str, order: Sequence[Any]) -> Any:
    scale = alt.Scale(domain=list(order), range=list(SERIES[: len(order)]))
    return alt.Color(f"{name}:N", scale=scale)


def bars(
    rows: Rows,
    *,
    name: str,
    value: str,
    series: str | None = None,
    title: str,
    description: str,
    percent: bool = False,
    marks: str | None = None,
    axis: str = "",
) -> PlotBlock:
    """Horizontal bars, one group per name; `marks` is a column of values to show as ticks."""
    alt = _altair()
    order, form = _order(rows, name), ".0%" if percent else "~s"
    base = alt.Chart(alt.Data(values=list(rows)))
    y = alt.Y(f"{name}:N", sort=order, title=None)
    x = alt.X(f"{value}:Q", title=axis or None, axis=alt.Axis(format=form, tickCount=4))
    if series:
        groups = _order(rows, series)
        offset = alt.YOffset(f"{series}:N", sort=groups)
        chart = base.mark_bar().encode(y=y, x=x, yOffset=offset, color=_series(alt, series, groups))
    else:
        chart = base.mark_bar(color=SERIES[0]).encode(y=y, x=x)
    if marks:
        ticks = base.mark_tick(color=_INK, thickness=2, bandSize=26).encode(
            y=alt.Y(f"{name}:N", sort=order), x=f"{marks}:Q"
        )
        chart = chart + ticks
    step = 22 if not series else 14 * max(1, len(_order(rows, series))) + 6
    chart = chart.properties(width=_beside(order), height=alt.Step(step, **({"for": "position"})))
    return _drawn(chart, title, description)


def stacked(
    rows: Rows,
    *,
    name: str,
    value: str,
    part: str,
    parts: Sequence[str],
    title: str,
    description: str,
) -> PlotBlock:
    """One bar per name, filled to the end by its parts in their order."""
    alt = _altair()
    place = {word: k for k, word in enumerate(parts)}
    values = [{**row, "_place": place[row[part]]} for row in rows if row[part] in place]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(cornerRadiusEnd=0)
        .encode(
            y=alt.Y(f"{name}:N", sort=_order(rows, name), title=None),
            x=alt.X(
                f"sum({value}):Q",
                stack="normalize",
                title=None,
                axis=alt.Axis(format=".0%", values=[0, 0.5, 1]),
            ),
            color=_series(alt, part, parts),
            order=alt.Order("_place:Q"),
        )
        .properties(width=_beside(_order(rows, name)), height=alt.Step(18))
    )
    return _drawn(chart, title, description)


def histogram(
    rows: Rows,
    *,
    lower: str,
    upper: str,
    value: str,
    title: str,
    description: str,
    percent: bool,
    end: float,
) -> PlotBlock:
    """Bins drawn edge to edge from 0 to `end`, small enough to stand in a row of their like."""
    alt = _altair()
    chart = (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_bar(color=SERIES[0], cornerRadiusEnd=0, binSpacing=1)
        .encode(
            x=alt.X(
                f"{lower}:Q",
                bin="binned",
                scale=alt.Scale(domain=[0, end]),
                title=None,
                axis=alt.Axis(format="~%" if percent else "~g", tickCount=4, grid=False),
            ),
            x2=f"{upper}:Q",
            y=alt.Y(f"{value}:Q", title=None, axis=None),
        )
        .properties(width=148, height=64)
    )
    return _drawn(chart, title, description, small=True)


def columns(
    rows: Rows,
    *,
    name: str,
    value: str,
    series: str,
    title: str,
    description: str,
    axis: str,
) -> PlotBlock:
    """A distribution over whole numbers, a line of columns for each series."""
    alt = _altair()
    groups = _order(rows, series)
    chart = (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_bar(cornerRadiusEnd=0)
        .encode(
            x=alt.X(f"{name}:O", title=axis, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{value}:Q", title=None, axis=alt.Axis(format="~s", tickCount=3)),
            color=_series(alt, series, groups),
            xOffset=alt.XOffset(f"{series}:N", sort=groups),
        )
        .properties(width=WIDTH - 46, height=130)
    )
    return _drawn(chart, title, description)


def heat(
    rows: Rows,
    *,
    across: str,
    down: str,
    value: str,
    order: Sequence[str],
    title: str,
    description: str,
) -> PlotBlock:
    """A square of names by names, the stronger the more; opacity, so that it suits both grounds."""
    alt = _altair()
    base = alt.Chart(alt.Data(values=list(rows))).encode(
        x=alt.X(f"{across}:N", sort=list(order), title=None, axis=alt.Axis(labelAngle=-55)),
        y=alt.Y(f"{down}:N", sort=list(order), title=None),
    )
    scale = alt.Scale(type="sqrt", range=[0.06, 1])
    cells = base.mark_rect(color=SERIES[0], cornerRadius=2).encode(
        opacity=alt.Opacity(f"{value}:Q", scale=scale, legend=None), tooltip=alt.value(None)
    )
    square = cells.properties(width=alt.Step(18), height=alt.Step(18))
    # The slanted names are longer in the page's own letters than in those they are measured with.
    return _drawn(square, title, description, bottom=24)
