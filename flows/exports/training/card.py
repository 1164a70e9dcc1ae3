"""The dataset card beside the shards: README.md with the front matter Hugging Face reads."""

import json
from collections.abc import Sequence
from typing import Any

from flows.exports.training.features import MEANINGS, Features, class_names
from flows.exports.training.record import ENDING, ExportRecord
from schemas.datasets import DATASETS

TASK_CATEGORIES = {
    "detection": "object-detection",
    "landmarks": "keypoint-detection",
    "segmentation": "image-segmentation",
    "retrieval": "image-feature-extraction",
    "classification": "image-classification",
}


def title_of(record: ExportRecord) -> str:
    """What the data set is called, in words."""
    return f"{DATASETS[record.dataset].title} for {record.options['task']}"


def card(records: Sequence[ExportRecord]) -> str:
    """The text of README.md for the exported splits of one folder."""
    first = records[0]
    rows = "\n".join(
        f"| {record.split} | {record.rows:,} | {record.left_out:,} | {len(record.shards)} |"
        f" {record.bytes / 1e6:,.1f} MB |"
        for record in records
    )
    return "\n".join(
        [
            "---",
            *_yaml(_front_matter(records)),
            "---",
            "",
            f"# {title_of(first)}",
            "",
            f"One row per {'item' if first.options['rows'] == 'items' else 'picture'}, the "
            "picture inside. Made by `wardrobe export training` from release "
            f"`{first.release}`; `*{ENDING}` says how, with the hash of every file.",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            f'rows = load_dataset("path/to/this/folder", split="{first.split}")',
            "```",
            "",
            "| split | rows | left out | files | size |",
            "|---|---:|---:|---:|---:|",
            rows,
            "",
            "Left out: pictures that were missing or broken, boxes outside of their picture.",
            "",
            "## Pictures",
            "",
            _pictures(first.options),
            "",
            "## Columns",
            "",
            *_columns(first.features),
            "",
            f"Names, from 0: {', '.join(class_names(first.features))}.",
            "",
            "## Terms",
            "",
            DATASETS[first.dataset].terms,
            "",
        ]
    )


def _front_matter(records: Sequence[ExportRecord]) -> dict[str, Any]:
    first = records[0]
    rows = sum(record.rows for record in records)
    name = first.options["task"]
    return {
        "pretty_name": title_of(first),
        "license": DATASETS[first.dataset].licence,
        "task_categories": [TASK_CATEGORIES[name]],
        "tags": ["fashion"],
        "size_categories": [_size_category(rows)],
        "configs": [
            {
                "config_name": name,
                "data_files": [
                    {"split": record.split, "path": f"data/{record.split}-*.parquet"}
                    for record in records
                ],
            }
        ],
        "dataset_info": {
            "config_name": name,
            "splits": [
                {"name": record.split, "num_bytes": record.bytes, "num_examples": record.rows}
                for record in records
            ],
            "download_size": sum(record.bytes for record in records),
            "dataset_size": sum(record.bytes for record in records),
        },
    }


def _yaml(value: Any) -> list[str]:
    """Lines of YAML; every scalar is written as JSON, which YAML reads as it is."""
    lines: list[str] = []
    pairs = value.items() if isinstance(value, dict) else (("-", one) for one in value)
    for key, inner in pairs:
        mark = key if key == "-" else f"{key}:"
        if not isinstance(inner, dict | list):
            lines.append(f"{mark} {json.dumps(inner, ensure_ascii=False)}")
            continue
        nested = [f"  {line}" for line in _yaml(inner)]
        if key == "-":
            lines += [f"- {nested[0].lstrip()}", *nested[1:]]
        else:
            lines += [mark, *nested]
    return lines


def _size_category(rows: int) -> str:
    bounds = (("1K", 10**3), ("10K", 10**4), ("100K", 10**5), ("1M", 10**6), ("10M", 10**7))
    lower = "n"
    for name, bound in bounds:
        if rows < bound:
            return f"n<{name}" if lower == "n" else f"{lower}<n<{name}"
        lower = name
    return "n>10M"


def _pictures(options: dict[str, Any]) -> str:
    what = "Each item, cut out along its box." if options["rows"] == "items" else "Whole pictures."
    changed = [
        f"The longest side is at most {options['size']} pixels." if options["size"] else "",
        f"Written as {options['format']}." if options["format"] else "",
    ]
    kept = "" if any(changed) or options["rows"] == "items" else "The source's own bytes."
    return " ".join(part for part in (what, *changed, kept) if part) + (
        " EXIF orientation is not applied: coordinates mean stored pixels. Pictures that carry one "
        "are written anew without it."
    )


def _columns(features: Features, prefix: str = "") -> list[str]:
    lines = []
    for name, feature in features.items():
        lines.append(f"- `{prefix}{name}`: {MEANINGS[name]}")
        if "_type" not in feature:
            lines += _columns(feature, f"{prefix}{name}.")
    return lines
