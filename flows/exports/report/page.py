"""The page: sections in their order, rendered to one HTML file that loads nothing."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from flows.exports.report import landmarks, overview, pairs
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.scores import scored_predictions
from flows.exports.report.statistics import statistic_section, variations
from flows.exports.report.svg import altair
from flows.storage.atomic import atomic_write
from schemas.datasets import DATASETS

_MakeSection = Callable[[ReportContent, str, str], Section | None]

_DATASET_SECTIONS: tuple[str | _MakeSection, ...] = (
    "items_by_category",
    pairs.mean_classes,
    variations,
    landmarks.landmarks,
    "box_size_bins",
    "box_sizes",
)
"""First sections of a data set: a statistic by name, or a function. Other statistics follow."""

_LAST_DATASET_SECTIONS = (pairs.pairs, pairs.pictures)

_IN_OTHER_SECTIONS = {
    "split_totals",
    "published_totals",
    "rejections_by_rule",
    "variations",
    "landmark_visibility",
    "mean_landmark_shape",
    "pair_totals",
    "images_per_pair",
    "styles_per_pair",
    "source_sizes",
}


def write_report(path: str | os.PathLike[str], content: ReportContent) -> None:
    """Write the page, whole or not at all. MissingExtra without the extra `report`."""
    page = render_report(content)
    with atomic_write(path) as file:
        file.write(page.encode())


def render_report(content: ReportContent) -> str:
    """The page as text. The same content gives the same text."""
    altair()  # before any work: it may be missing
    chapters: dict[str, list[Section]] = {}
    for section in _sections(content):
        chapters.setdefault(section.chapter, []).append(section)
    jinja = Environment(
        loader=PackageLoader("flows.exports.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["inline_code"] = _inline_code
    templates = Path(__file__).parent / "templates"
    return jinja.get_template("report.html.jinja").render(
        manifest=content.manifest,
        tiles=overview.tiles(content),
        verdict=" ".join(overview.verdict(content)),
        has_checks=content.checks is not None,
        chapters=chapters,
        style=Markup((templates / "report.css").read_text("utf-8")),
        script=Markup((templates / "report.js").read_text("utf-8")),
    )


def _inline_code(text: str) -> Markup:
    """Text with words between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _sections(content: ReportContent) -> list[Section]:
    """All sections with rows or pictures, in the order of the page."""
    sections = [
        pairs.samples(content),
        *overview.totals(content),
        overview.differences(content),
        overview.provenance(content),
    ]
    named = {entry for entry in _DATASET_SECTIONS if isinstance(entry, str)}
    others = sorted(content.statistics.keys() - named - _IN_OTHER_SECTIONS)
    whole = [name for name in others if "dataset" not in content.statistics[name].columns]
    sections += [statistic_section(content, "Release", name) for name in whole]
    sections += [scored_predictions(scored) for scored in content.scored]
    for dataset in content.datasets:
        chapter = DATASETS[dataset].title
        rest = [name for name in others if name not in whole]
        for entry in (*_DATASET_SECTIONS, *rest, *_LAST_DATASET_SECTIONS):
            if isinstance(entry, str):
                sections.append(statistic_section(content, chapter, entry, dataset))
            else:
                sections.append(entry(content, chapter, dataset))
    sections += [overview.rejections(content), overview.checks(content)]
    return [section for section in sections if section is not None]
