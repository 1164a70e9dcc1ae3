"""Sections on the release as a whole: verdict, totals, differences, provenance, quality."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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


def verdict(content: ReportContent) -> list[str]:
    """Sentences on the state of the release, at the head of the page."""
    sentences = []
    checks = content.checks.to_pylist() if content.checks is not None else []
    by_verdict: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for check in checks:
        by_verdict[check["verdict"]].append(check)
    if errors := by_verdict["error"]:
        sentences.append(f"{_counted(errors, 'check')} found errors: {_check_names(errors)}.")
    elif checks:
        sentences.append(f"No error: {_counted(by_verdict['ok'], 'check')} passed.")
    if warnings := by_verdict["warn"]:
        names = _check_names(warnings)
        sentences.append(f"{_counted(warnings, 'check')} found oddities of the source: {names}.")
    if gaps := [check for check in checks if check["not_examined"]]:
        names = ", ".join(
            f"`{check['check']}` ({check['not_examined']:,} rows not examined)" for check in gaps
        )
        sentences.append(f"{_counted(gaps, 'check')} could not examine all rows: {names}.")
    rejected = sum(row["documents"] + row["items"] for row in content.rows("rejections_by_rule"))
    sentences.append(
        f"{rejected:,} documents and items were rejected." if rejected else "Nothing was rejected."
    )
    missing = sum(row["pictures_missing"] or 0 for row in content.rows("split_totals"))
    if missing:
        sentences.append(f"{missing:,} pictures are missing.")
    if is_sample(content):
        sentences.append(
            "The release is a sample: it has less than half of the images published for its splits."
        )
    return sentences


def _counted(checks: Sequence[object], noun: str) -> str:
    return f"{len(checks):,} {noun}{'' if len(checks) == 1 else 's'}"


def _check_names(checks: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"`{check['check']}` "
        + ("(could not run)" if check["rows"] is None else f"({check['rows']:,} rows)")
        for check in checks
    )


def is_sample(content: ReportContent) -> bool:
    """Whether the release has less than half of the images published for its splits."""
    rows = [
        row
        for row in content.rows("published_totals")
        if row["edition"] == "released" and row["measure"] == "images" and row["ours"]
    ]
    return 2 * sum(row["ours"] for row in rows) < sum(row["published"] for row in rows)


def totals(content: ReportContent) -> list[Section | None]:
    """Totals of every split, and the published figures: folded for a sample."""
    return [
        statistic_section(content, "Release", "split_totals"),
        statistic_section(content, "Release", "published_totals", folded=is_sample(content)),
    ]


def differences(content: ReportContent) -> Section | None:
    """What changed since the previous release; None for the first one."""
    parent = content.manifest.parent
    if parent is None:
        return None
    intro = f"Rows that were added, removed or changed since `{parent}`, by table and split."
    if content.differences is None:
        gone = "The previous release was deleted: differences cannot be computed."
        blocks = [paragraph(gone)]
    elif content.differences.num_rows:
        blocks = [table_block(content.differences, "Differences to the previous release")]
    else:
        blocks = [paragraph("Both releases have the same rows.")]
    if content.check_differences is not None and content.check_differences.num_rows:
        title = "Checks that found another number of rows"
        blocks.append(table_block(content.check_differences, title))
    return Section("Release", "differences", "Since the previous release", intro, blocks)


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
    """The checks with findings or rows they could not examine, then all of them."""
    if content.checks is None or not content.checks.num_rows:
        return None
    intro = (
        "An error is a defect of wardrobe and keeps a release from being published; a warning is "
        "an oddity of the source, kept as it is. A check that could examine no row is not "
        "checkable: its example says what the rows lack. What to do about each: wardrobe help "
        "checks."
    )
    findings = [
        place
        for place, check in enumerate(content.checks.to_pylist())
        if check["verdict"] in ("warn", "error") or check["not_examined"]
    ]
    blocks: list[Block] = [details("All checks", table_block(content.checks, "All checks"))]
    if findings:
        title = "Checks that found rows or could not examine all"
        blocks.insert(0, table_block(content.checks.take(findings), title))
    return Section("Quality", "checks", "Checks", intro, blocks)
