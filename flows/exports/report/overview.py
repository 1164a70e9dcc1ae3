"""Sections on the release as a whole: totals, published figures, provenance, quality."""

import json
from collections.abc import Mapping
from typing import Any

from flows.exports.report.blocks import Block, details, key_values, paragraph, table_block
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.statistics import statistic_section
from schemas.datasets import DATASETS


def tiles(content: ReportContent) -> list[tuple[str, str, str]]:
    """The large numbers at the head of the page, those above 0: number, name, note."""
    rows = content.rows("split_totals")

    def total(column: str) -> int:
        return sum(row.get(column) or 0 for row in rows)

    rejected = sum(row["documents"] + row["items"] for row in content.rows("rejections_by_rule"))
    numbers = [
        (total("images"), "images", f"{total('annotated'):,} annotated"),
        (total("items"), "items", "annotated garments"),
        (total("landmarks_labelled"), "landmarks", "labelled, visible or occluded"),
        (total("polygons"), "polygons", "outlines and their parts"),
        (total("pairs"), "pairs", "consumer to shop, positive"),
        (rejected, "rejected", "documents and items"),
    ]
    return [(f"{value:,}", name, note) for value, name, note in numbers if value]


def totals(content: ReportContent) -> list[Section | None]:
    """Totals of every split, and the published figures."""
    return [
        statistic_section(content, "Release", name) for name in ("split_totals", "published_totals")
    ]


def provenance(content: ReportContent) -> Section:
    """Where the release comes from and what is in its folder."""
    manifest = content.manifest
    facts = [
        ("Release", manifest.release),
        ("Created", f"{manifest.created:%Y-%m-%d %H:%M:%S} UTC"),
        ("Content", manifest.content),
        ("Parent release", manifest.parent or "none, the first"),
        ("Changes", manifest.changes.sentence),
        *((f"Version of {name}", str(value)) for name, value in manifest.versions.items()),
    ]
    blocks: list[Block] = [key_values(facts, "The release")]
    for dataset, inputs in manifest.inputs.items():
        # Patterns of file names, and locations that only repeat `location`, are left out.
        shown = {name: value for name, value in inputs.items() if name != "pictures" and value}
        if set(shown.get("locations", {}).values()) <= {shown.get("location")}:
            shown.pop("locations", None)
        title = DATASETS[dataset].title if dataset in DATASETS else dataset
        blocks.append(key_values(_flattened(shown), f"Source of {title}"))
    if manifest.parameters:
        blocks.append(key_values(_flattened(manifest.parameters), "Parameters"))
    if content.tables is not None and content.tables.num_rows:
        table = table_block(content.tables, "Tables of the release", units={"bytes": "bytes"})
        blocks.append(details("Tables, rows and bytes", table))
    intro = (
        "The same input gives the same content hash, on every machine and in every order. More: "
        "wardrobe help releases."
    )
    return Section("Release", "provenance", "Provenance", intro, blocks)


def _flattened(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested names and values as `outer, inner` with the value as text."""
    flat: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            flat += _flattened(value, f"{name}, ")
        elif isinstance(value, (list, tuple)):
            flat.append((name, ", ".join(map(str, value)) or "none"))
        elif isinstance(value, str):
            flat.append((name, value or "none"))
        else:
            flat.append((name, json.dumps(value, default=str)))
    return flat


def rejections(content: ReportContent) -> Section:
    """Rejected documents and items by rule, with examples."""
    by_rule = statistic_section(content, "Quality", "rejections_by_rule")
    intro = (
        "Every document and item that was read is either in the tables or rejected. What to do "
        "about each rule: wardrobe help rejections."
    )
    blocks = list(by_rule.blocks) if by_rule else [paragraph("Nothing was rejected.")]
    if content.rejections is not None and content.rejections.num_rows:
        names = ["file_name", "item_no", "rule", "message", "excerpt"]
        examples = table_block(content.rejections.select(names), "Examples of rejections")
        title = f"{content.rejections.num_rows} examples with their excerpts"
        blocks.append(details(title, examples))
    return Section("Quality", "rejections", "Rejections", intro, blocks)


def checks(content: ReportContent) -> Section | None:
    """The verdict of every check."""
    if content.checks is None or not content.checks.num_rows:
        return None
    intro = (
        "An error is a defect of wardrobe and keeps a release from being published; a warning is "
        "an oddity of the source, kept as it is. What to do about each: wardrobe help checks."
    )
    table = table_block(content.checks, "Verdict of every check")
    return Section("Quality", "checks", "Checks", intro, [table])
