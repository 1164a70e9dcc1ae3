"""Hugging Face `datasets` reads training sets back, offline."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows.exports.training.options import TrainingOptions
from flows.pipelines.export_training import export_training

pytestmark = pytest.mark.slow

CASES = [
    ("deepfashion2", TrainingOptions("detection")),
    ("deepfashion2", TrainingOptions("landmarks", size=64, crop_items=True)),
    ("deepfashion2", TrainingOptions("segmentation", size=64, picture_format="webp")),
    ("deepfashion2", TrainingOptions("retrieval", size=64)),
    ("fashionai", TrainingOptions("landmarks")),
    ("fashion-mnist", TrainingOptions("classification")),
]
NAMES = [f"{dataset}-{options.task}" for dataset, options in CASES]


@pytest.fixture(scope="module")
def folders(release, tmp_path_factory) -> dict[str, Path]:
    """A training set for each case, by its name."""
    place = tmp_path_factory.mktemp("training")
    for name, (dataset, options) in zip(NAMES, CASES, strict=True):
        export_training(
            release,
            dataset,
            split="train",
            output=place / name,
            options=options,
            run=map,
            shards=2,
        )
    return {name: place / name for name in NAMES}


READ_WITH_DATASETS = """
import json, os, sys
from pathlib import Path
import datasets
datasets.disable_progress_bars()

def summary(folder):
    by_card = datasets.load_dataset(str(folder), split="train")
    how = {"data_files": sorted(map(str, (folder / "data").iterdir())), "split": "train"}
    by_file = datasets.load_dataset("parquet", **how)
    streamed = next(iter(datasets.load_dataset("parquet", streaming=True, **how)))
    assert by_card.features == by_file.features, by_card.features
    row = by_file[0]
    row["image"].load()
    assert row["image"].size == (row["width"], row["height"]) == streamed["image"].size
    features = by_file.features
    classes = features.get("label") or features["labels"].feature
    box = row["boxes"][0] if "boxes" in row else row["box"]
    return [len(by_file), type(classes).__name__, classes.names[0], len(box)]

folders, pictures = json.loads(sys.argv[1])
embedded = datasets.load_dataset("parquet", data_files=pictures, split="train")
embedded = [len(embedded), embedded[0]["image"].size, sorted(embedded[0])]
print(json.dumps([embedded, *(summary(Path(folder)) for folder in folders)]), flush=True)
# A streamed data set that was not read to its end now and then aborts the interpreter's exit.
os._exit(0)
"""


def test_hugging_face_datasets_decodes_exports_and_pictures_embedded_in_the_lake(
    release, folders, tmp_path
):
    """In another process: `datasets` reads its environment when it is imported."""
    pytest.importorskip("datasets")
    quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    given = [list(folders.values()), release.files("pictures")]
    read = subprocess.run(
        [sys.executable, "-c", READ_WITH_DATASETS, json.dumps(given, default=str)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **quiet},
    )
    assert read.returncode == 0, read.stderr
    embedded, *summaries = json.loads(read.stdout)
    assert embedded == [60, [28, 28], ["image", "image_id"]]
    for folder, summary in zip(folders.values(), summaries, strict=True):
        rows, kind, first, box = summary
        assert (kind, box) == ("ClassLabel", 4)
        assert first in ("short sleeve top", "blouse", "T-shirt/top")
        assert f"| train | {rows:,} | 0 | 2 |" in (folder / "README.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_how_it_was_made_and_what_may_be_done_with_it(folders, name):
    text = (folders[name] / "README.md").read_text()
    front_matter = json.loads(text.split("---\n")[1])
    assert front_matter["dataset_info"]["splits"][0]["name"] == "train"
    assert "load_dataset(" in text and "## Terms" in text and "Names, from 0: " in text
