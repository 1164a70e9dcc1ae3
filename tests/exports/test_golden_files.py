"""What leaves the house stays as it was. WARDROBE_RENEW_GOLDEN=1 renews: see the diff."""

import json
import os
from pathlib import Path

import pytest
from annotated_split import files_of, made_up_documents, tables_of
from coco_text import coco_text

from flows.exports.coco.layout import CocoOptions
from flows.exports.training.card import card
from flows.exports.training.croissant import croissant
from flows.exports.training.features import features_of
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import ExportRecord
from flows.exports.training.rows import LeftOut
from flows.exports.training.shards import ShardRecord

GOLDEN = Path(__file__).parents[1] / "golden"


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("WARDROBE_RENEW_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("coco_official_landmarks.json", CocoOptions(task="landmarks")),
        ("coco_official_segmentation.json", CocoOptions(task="segmentation")),
        ("coco_local.json", CocoOptions(layout="local")),
        (
            "coco_local_visible.json",
            CocoOptions(layout="local", task="landmarks", visible_only=True),
        ),
    ],
)
def test_coco_files_are_the_same_to_the_byte(tmp_path, name, options):
    documents = made_up_documents(4, images=2)
    compare(name, coco_text(files_of(tmp_path, tables_of(documents)), options).decode())


def record(split: str, options: TrainingOptions) -> ExportRecord:
    shard = ShardRecord(
        name=f"data/{split}-00000-of-00001.parquet",
        rows=1234,
        bytes=5_678_901,
        sha256="ab" * 32,
        left_out=[LeftOut(7, 0, "the picture cannot be read")],
    )
    return ExportRecord(
        dataset="deepfashion2",
        split=split,
        release="20261121T031500Z-3fa9c2d1",
        created="2026-11-21",
        content="3fa9c2d1",
        options=options.as_words(),
        features=features_of(options, ["skirt", "vest"]),
        planned_shards=1,
        planned_rows=1235,
        left_out_before=2,
        shards={shard.name: shard},
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("card_landmarks.md", TrainingOptions("landmarks", size=256)),
        ("card_retrieval.md", TrainingOptions("retrieval", size=224, picture_format="webp")),
    ],
)
def test_cards_are_the_same_to_the_byte(name, options):
    compare(name, card([record("train", options), record("validation", options)]))


def test_croissant_files_are_the_same_to_the_byte():
    described = croissant([record("train", TrainingOptions("segmentation"))])
    compare("croissant_segmentation.json", json.dumps(described, indent=2) + "\n")
