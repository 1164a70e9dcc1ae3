"""Golden files: exported COCO files and cards, byte for byte. WARDROBE_RENEW_GOLDEN=1 renews."""

import os
from pathlib import Path

import pytest
from builders import made_up_documents, tables_of
from coco_text import coco_text
from releases import write_files

from flows.exports.coco.layout import CocoOptions
from flows.exports.training.card import training_card
from flows.exports.training.features import features_of
from flows.exports.training.options import TrainingOptions
from flows.exports.training.record import ExportedSplit, Origin, ShardFooter, ShardRecord
from flows.exports.training.rows import LeftOut

GOLDEN = Path(__file__).parents[1] / "golden"


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("WARDROBE_RENEW_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.slow
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
    compare(name, coco_text(write_files(tmp_path, **tables_of(documents)), options).decode())


def exported(split: str, options: TrainingOptions) -> ExportedSplit:
    left_out = (LeftOut(7, 0, "the picture cannot be read"),)
    shard = ShardRecord(
        name=f"data/{split}-00000-of-00001.parquet",
        rows=1234,
        bytes=5_678_901,
        footer=ShardFooter("deepfashion2", split, 1, options, "ab" * 32, 1, left_out),
        features=features_of(options, ["skirt", "vest"]),
    )
    return ExportedSplit(
        split, [shard], Origin("20261121T031500Z-3fa9c2d1", {"picture missing": 2})
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("card_landmarks.md", TrainingOptions("landmarks", size=256)),
        ("card_retrieval.md", TrainingOptions("retrieval", size=224, picture_format="webp")),
    ],
)
def test_cards_are_the_same_to_the_byte(name, options):
    compare(name, training_card([exported("train", options), exported("validation", options)]))
