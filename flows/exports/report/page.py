"""A release on one page: HTML without anything from outside, so that it can be kept and mailed."""

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flows.exports.report import boxes, garments, overview, pairs
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.plots import require_plots
from flows.storage.atomic import atomic_write
from schemas.datasets import DATASETS

_OF_A_DATASET = (
    garments.categories,
    pairs.mean_classes,
    garments.variations,
    garments.landmarks,
    pairs.normalisers,
    boxes.boxes,
    garments.together,
    pairs.pairs,
    pairs.pictures,
)


def write_report(path: str | os.PathLike[str], content: ReportContent) -> None:
    """Write the page; it is there whole or not at all. InputError without the extra `report`."""
    page = render_report(content)
    with atomic_write(path) as file:
        file.write(page.encode())


def render_report(content: ReportContent) -> str:
    """The page as text. The same content gives the same text."""
    require_plots()
    shown = _sections(content)
    chapters: dict[str, list[Section]] = {}
    for section in shown:
        chapters.setdefault(section.chapter, []).append(section)
    jinja = Environment(
        loader=PackageLoader("flows.exports.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates = Path(__file__).parent / "templates"
    return jinja.get_template("report.html.jinja").render(
        release=content.release,
        tiles=overview.tiles(content),
        chapters=chapters,
        style=Markup((templates / "report.css").read_text("utf-8")),
        script=Markup((templates / "report.js").read_text("utf-8")),
    )


def _sections(content: ReportContent) -> list[Section]:
    """All sections that have something to show, in the order of the page."""
    found: list[Section | None] = [
        overview.totals(content),
        overview.published(content),
        overview.provenance(content),
    ]
    for dataset in content.datasets:
        chapter = DATASETS[dataset].title
        found += [make(content, chapter, dataset) for make in _OF_A_DATASET]
    found += [overview.refusals(content), overview.checks(content)]
    return [section for section in found if section is not None]
