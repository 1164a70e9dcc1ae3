"""The report's sections about the release as a whole: totals, completeness, origin, verdicts."""

import json
from collections.abc import Mapping
from typing import Any

from flows.exports.report.cells import (
    badge,
    code,
    label,
    number,
    plain_number,
    signed,
    size,
    table_block,
    words,
)
from flows.exports.report.content import Facts, Folded, ReportContent, Section, Tile, Words
from schemas.datasets import DATASETS

_VERDICTS = {"ok": "good", "warn": "warn", "error": "bad"}
_MEANINGS = {
    "complete": "good",
    "near": "good",
    "incomplete": "bad",
    "far": "warn",
    "more than published": "warn",
    "not in this lake": "quiet",
    "never released in full": "quiet",
}


def tiles(content: ReportContent) -> list[Tile]:
    """The large numbers at the head of the page, those that are not zero."""
    rows = content.rows("split_totals")

    def total(column: str) -> int:
        return sum(row.get(column) or 0 for row in rows)

    refused = sum(
        (row.get("documents") or 0) + (row.get("items") or 0)
        for row in content.rows("rejections_by_rule")
    )
    found = [
        (total("images"), "images", f"{total('annotated'):,} annotated"),
        (total("items"), "items", "annotated garments"),
        (total("landmarks_labelled"), "landmarks", "labelled, visible or occluded"),
        (total("polygons"), "polygons", "outlines and their parts"),
        (total("pairs"), "pairs", "consumer to shop, positive"),
        (refused, "refused", "documents and items"),
    ]
    return [Tile(f"{value:,}", name, note) for value, name, note in found if value]


def totals(content: ReportContent) -> Section:
    """Images, items, landmarks, polygons and pairs of every split."""
    order = content.datasets
    table = table_block(
        sorted(content.rows("split_totals"), key=lambda row: order.index(row["dataset"])),
        {
            "dataset": ("Data set", words),
            "split": ("Split", words),
            "images": ("Images", number),
            "annotated": ("Annotated", number),
            "pictures_missing": ("Pictures missing", number),
            "items": ("Items", number),
            "landmarks_labelled": ("Landmarks labelled", number),
            "polygons": ("Polygons", number),
            "pairs": ("Pairs", number),
        },
        caption="Totals of every split",
    )
    intro = "What this release holds. Image numbers restart in every split, so no row is shared."
    return Section("Release", "totals", "Totals", intro, (table,))


def published(content: ReportContent) -> Section | None:
    """Our totals beside the published ones."""
    order = content.datasets
    rows = [row for row in content.rows("published_totals") if row["dataset"] in order]
    rows.sort(key=lambda row: order.index(row["dataset"]))
    if not rows:
        return None
    table = table_block(
        rows,
        {
            "dataset": ("Data set", words),
            "split": ("Split", words),
            "measure": ("Measure", label),
            "edition": ("Edition", words),
            "published": ("Published", number),
            "ours": ("Here", number),
            "difference": ("Difference", signed),
            "meaning": ("Means", badge(_MEANINGS)),
        },
        caption="Totals here beside the published figures",
    )
    intro = (
        "Is the download complete? The paper counts pictures that were never released; compare "
        "with the released edition first. Image pairs are counted in a way the authors do not "
        "spell out: expect them to be near, not equal."
    )
    return Section("Release", "published", "Beside the published figures", intro, (table,))


def provenance(content: ReportContent) -> Section:
    """Where the release comes from and what is in its folder."""
    facts = content.release
    pairs = [("Release", facts.release), ("Created", facts.created), ("Content", facts.content)]
    pairs.append(("Parent release", facts.parent or "none, the first"))
    if facts.changes:
        pairs.append(("Changes", facts.changes))
    pairs += [(f"Version of {name}", str(value)) for name, value in facts.versions.items()]
    blocks: list[Any] = [Facts(tuple(pairs), "The release")]
    for dataset, known in facts.inputs.items():
        title = DATASETS[dataset].title if dataset in DATASETS else dataset
        blocks.append(Facts(tuple(_flattened(_of_interest(known))), f"Source of {title}"))
    if facts.parameters:
        blocks.append(Facts(tuple(_flattened(facts.parameters)), "Parameters"))
    if facts.tables is not None and facts.tables.num_rows:
        table = table_block(
            facts.tables,
            {
                "table": ("Table", code),
                "rows": ("Rows", number),
                "bytes": ("Size", size),
                "files": ("Files", number),
            },
            caption="Tables of the release",
        )
        blocks.append(Folded("Tables, rows and bytes", table))
    intro = "The same input gives the same content hash, whatever machine and order it came in."
    return Section("Release", "provenance", "Where it comes from", intro, tuple(blocks))


def _of_interest(known: Mapping[str, Any]) -> dict[str, Any]:
    """What a source was, without the patterns of its file names and what only repeats."""
    told = {name: value for name, value in known.items() if name != "pictures" and value}
    places = told.get("locations")
    if isinstance(places, Mapping) and set(places.values()) <= {told.get("location")}:
        del told["locations"]
    return told


def _flattened(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested names and values as `outer, inner` with the value as people write it."""
    flat: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            flat += _flattened(value, f"{name}, ")
        elif isinstance(value, (list, tuple)):
            flat.append((name, ", ".join(str(one) for one in value) or "none"))
        else:
            flat.append(
                (
                    name,
                    (value or "none") if isinstance(value, str) else json.dumps(value, default=str),
                )
            )
    return flat


def refusals(content: ReportContent) -> Section:
    """What was refused, by rule, with examples."""
    rows = content.rows("rejections_by_rule")
    blocks: list[Any] = []
    if rows:
        blocks.append(
            table_block(
                rows,
                {
                    "dataset": ("Data set", words),
                    "split": ("Split", words),
                    "rule": ("Rule broken", words),
                    "documents": ("Documents", number),
                    "items": ("Items", number),
                    "example_file": ("First file", code),
                    "example_message": ("What was wrong there", words),
                },
                caption="Refused documents and items by the rule they broke",
            )
        )
    else:
        blocks.append(Words("Nothing was refused."))
    if content.rejections is not None and content.rejections.num_rows:
        examples = table_block(
            content.rejections,
            {
                "file_name": ("File", code),
                "item_no": ("Item", plain_number),
                "rule": ("Rule", words),
                "message": ("What is wrong", words),
                "excerpt": ("Excerpt", code),
            },
            caption="Examples of refused documents and items",
        )
        blocks.append(Folded(f"{len(examples.rows)} examples with their excerpts", examples))
    intro = "Nothing is dropped in silence: what was read is either in the tables or listed here."
    return Section("Quality", "refused", "Refused", intro, tuple(blocks))


def checks(content: ReportContent) -> Section | None:
    """The verdict of every check."""
    if content.checks is None or not content.checks.num_rows:
        return None
    table = table_block(
        content.checks,
        {
            "check": ("Check", words),
            "verdict": ("Verdict", badge(_VERDICTS)),
            "rows": ("Rows", number),
            "finds": ("Looks for", words),
            "example": ("First example", code),
        },
        caption="Verdict of every check",
    )
    intro = (
        "Errors are what our own code guarantees, and keep a release from being published; "
        "warnings are oddities of the source, kept as it wrote them."
    )
    return Section("Quality", "checks", "Checks", intro, (table,))
