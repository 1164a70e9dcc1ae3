"""Charts of Altair as SVG text, drawn by vl-convert: the libraries of the extra `report`.

Colours are placeholders that become CSS variables, so that one drawing serves light and dark.
"""

import importlib
import json
import re
import zlib
from typing import Any

from markupsafe import Markup

from schemas.errors import import_extra

INK, QUIET, RULE = "#0a0101", "#0a0202", "#0a0303"
SERIES = ("#0b0101", "#0b0202", "#0b0303", "#0b0404")
_VARIABLES = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    RULE: "var(--rule)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, start=1)},
}
_FONT = "system-ui, sans-serif"
_CLIP = re.compile(r"(?<=[\"#])clip\d+(?=[\")])")


def altair() -> Any:
    """The module, imported late. MissingExtra when a library is not installed."""
    need = "the report's plots need Altair and vl-convert"
    import_extra("vl_convert", "report", need)
    return import_extra("altair", "report", need)


def svg_text(chart: Any) -> Markup:
    """The chart as SVG. The same chart gives the same text."""
    convert = importlib.import_module("vl_convert")
    axis = {
        "labelColor": INK,
        "titleColor": QUIET,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
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
        "text": {"font": _FONT, "fontSize": 11, "color": INK},
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
