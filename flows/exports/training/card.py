"""The data set card of a training set: README.md, with the front matter Hugging Face reads."""

import json
from collections.abc import Sequence

import msgspec

from flows.exports.training.features import MEANINGS, Features, class_names
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import ExportedSplit
from flows.exports.training.rows import COLUMNS_OF_ITEMS
from schemas.datasets import DATASETS

TASK_CATEGORIES = {
    "detection": "object-detection",
    "landmarks": "keypoint-detection",
    "segmentation": "image-segmentation",
    "retrieval": "image-feature-extraction",
    "classification": "image-classification",
}
"""Tasks as Hugging Face calls them."""


def training_card(splits: Sequence[ExportedSplit]) -> str:
    """The text of README.md for the splits of one folder. Its front matter is JSON, thus YAML."""
    shard = splits[0].shards[0]
    footer, features = shard.footer, shard.features
    facts = DATASETS[footer.dataset]
    title = f"{facts.title} for {footer.options.task}"
    size = sum(split.bytes for split in splits)
    front_matter = {
        "pretty_name": title,
        "license": facts.licence,
        "task_categories": [TASK_CATEGORIES[footer.options.task]],
        "tags": ["fashion"],
        "configs": [
            {
                "config_name": footer.options.task,
                "data_files": [
                    {"split": split.split, "path": f"data/{split.split}-*.parquet"}
                    for split in splits
                ],
            }
        ],
        "dataset_info": {
            "config_name": footer.options.task,
            "splits": [
                {"name": split.split, "num_bytes": split.bytes, "num_examples": split.rows}
                for split in splits
            ],
            "download_size": size,
            "dataset_size": size,
        },
        "origins": {split.split: msgspec.to_builtins(split.origin) for split in splits},
    }
    columns = "\n".join(_columns(features))
    table = "\n".join(
        f"| {split.split} | {split.rows:,} | {sum(split.left_out.values()):,} |"
        f" {len(split.shards)} | {split.bytes / 1e6:,.1f} MB | `{split.origin.release}` |"
        for split in splits
    )
    left_out = "\n".join(f"- {split.split}: {split.note}." for split in splits if split.note)
    selections = "\n".join(
        f"- {split.split}: {split.origin.selection.sentence}."
        for split in splits
        if split.origin.selection
    )
    selected = f"\n{selections}\n" if selections else ""
    return f"""---
{json.dumps(front_matter, indent=2, ensure_ascii=False)}
---

# {title}

One row per {"item" if footer.options.crop_items else "picture"}, the picture inside. Made by \
`wardrobe export training`; the footer of each file has its options and the rows left out of it.

```python
from datasets import load_dataset

rows = load_dataset("path/to/this/folder", split="{splits[0].split}")
```

| split | rows | left out | files | size | release |
|---|---:|---:|---:|---:|---|
{table}

{left_out or "No row was left out."}
{selected}
## Pictures

{_pictures(footer.options)}

## Columns

{columns}

Names, from 0: {", ".join(class_names(features))}.

## Terms

{facts.terms}
"""


def _pictures(options: TrainingOptions) -> str:
    sentences = ["Each item, cut out along its box." if options.crop_items else "Whole pictures."]
    if options.fold:
        sentences.append(f"Fold {options.fold} of the split; a product is in one part.")
    if options.size:
        sentences.append(f"The longest side is at most {options.size} pixels.")
    if options.picture_format:
        sentences.append(f"Written as {options.picture_format}.")
    if not (options.crop_items or options.size or options.picture_format):
        sentences.append("The source's own bytes.")
    sentences.append(
        "EXIF orientation is not applied: coordinates mean stored pixels. Pictures that have one "
        "are encoded again without it."
    )
    return " ".join(sentences)


def _columns(features: Features) -> list[str]:
    lines = []
    for name in features:
        of_items = COLUMNS_OF_ITEMS.get(name, name)
        several = " A list with one entry per item." if name in features.keys() - {of_items} else ""
        lines.append(f"- `{name}`: {MEANINGS[of_items]}{several}")
    return lines
