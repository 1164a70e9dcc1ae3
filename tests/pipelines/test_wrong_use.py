"""Wrong use of every command: one sentence, exit code 2, and nothing written."""

import os
from pathlib import Path

import pytest
from command_line import is_one_sentence, wardrobe
from damaged_lakes import copy_of

pytestmark = pytest.mark.slow

NEGATIVES = ("query", "negative_pairs", "--set", "pair_kind=negative_random", "--set")

CASES = {
    # A lake that cannot be read.
    "tables --lake nowhere": "is not a lake",
    "tables --lake file": "is a file, not a folder",
    "tables --lake folder": "is not a lake",
    "tables --lake newer": "use a newer wardrobe",
    "tables --lake garbage": "is damaged",
    "tables --lake LATIN": "is not UTF-8",
    "tables --lake gs://bucket/lake": "is an address, not a path",
    "tables --release 2099": "is not a release",
    "tables --release 2": "matches several releases",
    "check --lake folder": "is not a lake",
    "report --lake nowhere": "is not a lake",
    "releases --lake nowhere": "is not a lake",
    "rollback x --lake nowhere": "is not a lake",
    "verify --lake nowhere": "is not a lake",
    "derive --lake nowhere": "no release to derive from",
    "pairs build --lake folder": "no release to derive from",
    # An output that cannot be written, or that would damage something.
    "tables --output LAKE/rows.csv": "is in the lake",
    "tables --output LAKE/lake.json": "is in the lake",
    "report --output LAKE/current/report.html": "is in the lake",
    "export coco deepfashion2 train --output LAKE/coco.json": "is in the lake",
    "export information deepfashion2 train --output LAKE/current": "is in the lake",
    "export training deepfashion2 train --task detection --output LAKE": "is in the lake",
    "show deepfashion2 train 1 --output LAKE/one.png": "is in the lake",
    "sample deepfashion2 LAKE/sample": "is in the lake",
    "demo LAKE/demo": "is in the lake",
    "ingest deepfashion2 SOURCES/deepfashion2 --lake LAKE/releases/lake": "is in the lake",
    "ingest deepfashion2 SOURCES/deepfashion2 --lake gs://bucket/lake": "is an address",
    "ingest deepfashion2 SOURCES/deepfashion2 --lake folder": "holds other things",
    "ingest deepfashion2 SOURCES/deepfashion2 --lake folder --dry-run": "holds other things",
    "export yolo deepfashion2 train --task pose --output LAKE/yolo": "is in the lake",
    "export yolo deepfashion2 train --task pose --output file": "is a file: name a folder",
    "export duckdb --output LAKE/current": "is in the lake",
    "export duckdb --output LAKE/lake.json --replace": "is in the lake",
    "export duckdb --output s3://bucket/lake.duckdb": "is an address",
    "export duckdb --output none/lake.duckdb": "none: the folder does not exist",
    "tables --output folder": "is a folder: name a file",
    "report --output folder": "is a folder: name a file",
    "show deepfashion2 train 1 --output folder": "is a folder: name a file",
    "export coco deepfashion2 train --output folder": "is a folder: name a file",
    "report --output none/report.html": "none: the folder does not exist",
    "export coco deepfashion2 train --output none/coco.json": "none: the folder does not exist",
    "tables --output pipe --format csv": "is not a regular file",
    "tables --output s3://bucket/rows.csv": "is an address",
    "tables --output rows.xlsx": "name it .csv, .json or .parquet",
    "evaluate detection --split train --predictions file --output a.xlsx": "name it .csv, .json",
    "evaluate detection --split train --predictions file --details a.csv": "name it .parquet",
    "evaluate detection --split train --predictions a.csv --output a.csv": "a file that the",
    "evaluate detection --split train --predictions file --output a.parquet --details a.parquet": (
        "is the file of two outputs"
    ),
    "compare a.parquet b.parquet --output b.parquet": "is a file that the command reads",
    "compare a.parquet b.parquet --output scores.xlsx": "name it .csv, .json or .parquet",
    "report --predictions file --output file": "is a file that the command reads",
    "show deepfashion2 train 1 --predictions a.png --output a.png": "a file that the command reads",
    "submission pack landmarks --phase test --predictions file --output file": "name it .zip",
    "sample predictions detection --split train --output a.csv": "name it .json",
    "sample predictions landmarks --dataset fashionai --split train --output a": "name it .csv",
    "export information deepfashion2 train --output file": "is a file: name a folder",
    "export information deepfashion2 train --output s3://bucket": "is an address",
    "export training deepfashion2 train --task detection --output file/set": "is a file",
    "demo file": "is a file: name a folder",
    "sample deepfashion2 folder": "is not an empty folder",
    # Parameters, numbers, and options that exclude each other.
    "evaluate detection --split train --predictions file --predictions ./file": "is given twice",
    "query retrieval_gallery --set strict=nan": "should be of type flag",
    "query retrieval_gallery --set strict": "has no `=`",
    "query retrieval_gallery --set strict=true --set strict=false": "gives strict twice",
    "query retrieval_gallery --set stric=true": "no parameter 'stric'",
    "query retrieval_galery": "did you mean retrieval_gallery?",
    "query --set strict=true": "name it before",
    "query coco_images --set dataset=zzz --set split=train": "dataset 'zzz' does not exist",
    "query coco_images --set dataset=deepfashion2 --set split=trian": "did you mean train?",
    " ".join((*NEGATIVES, "negatives_per_positive=nan")): "should be of type integer",
    " ".join((*NEGATIVES, "negatives_per_positive=-1")): "from 0 to 9223372036854775807",
    " ".join((*NEGATIVES, f"negatives_per_positive={10**30}")): "from 0 to 9223372036854775807",
    f"pairs build --negatives-per-positive {2**62}": "numbers from 1 to 1,000,000",
    "pairs build --max-per-query nan": "valid integer",
    f"show deepfashion2 train {10**30} --output one.png": "less than or equal to",
    "sql from --timeout nan": "--timeout",
    "sql nonsense --memory lots": "is not a memory limit",
    "releases --keep 1 --delete 2026": "exclude each other",
    "rollback 2026 --resume": "without a release",
    "rollback": "name the release",
    "diff current": "missing argument",
    "check --sql items_by_category": "is not a check",
    "export training deepfashion2 train --output set": "Choose from: detection, landmarks,",
    "export training deepfashion2 nope --task detection --output set": "does not have deepfashion2",
    "export cocoa": "Did you mean 'coco'? See `",
    # A source that is something else.
    "ingest": "Choose from: deepfashion2, fashionai, fashion-mnist: see",
    "ingest deepfashion2 folder": "not a DeepFashion2 source",
    "ingest deepfashion2 pipe": "is neither a folder nor a file",
    "ingest fashionai file": "not a FashionAI source",
    "ingest deepfashion2 SOURCES/deepfashion2 --side-file file": "is not a list that deepfashion2",
    "ingest fashion-mnist SOURCES/fashion-mnist --side-file file": "is not a list that fashion",
    "ingest fashionai SOURCES/fashionai --password-file empty": "is empty",
}
"""A command and a part of its sentence."""


@pytest.fixture(scope="module")
def places(lake, tmp_path_factory) -> Path:
    """A folder with what wrong commands name, and a lake of its own."""
    folder = tmp_path_factory.mktemp("wrong")
    copy_of(lake, folder / "own")
    (folder / "folder").mkdir()
    (folder / "folder" / "note.txt").write_text("mine")
    (folder / "file").write_bytes(b"\xff\xfe\x00")
    (folder / "empty").touch()
    os.mkfifo(folder / "pipe")
    Path(os.fsdecode(os.fsencode(folder) + b"/latin\xe4")).mkdir()
    for name, text in (("newer", '{"format": 99, "created": "2026-01-01"}'), ("garbage", "hi")):
        (folder / name).mkdir()
        (folder / name / "lake.json").write_text(text)
    return folder


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and size of each file but the lock and the record of the last failed run.

    A replaced file has another inode.
    """
    records = {"lock", "failed.json"}
    paths = [path for path in folder.rglob("*") if path.name not in records and not path.is_dir()]
    return {str(path): (path.lstat().st_ino, path.lstat().st_size) for path in paths}


@pytest.mark.parametrize("command", CASES)
def test_wrong_use_is_one_sentence_and_changes_nothing(command, places, sources):
    before = contents(places)
    own = places / "own"
    latin = os.fsdecode(os.fsencode(places) + b"/latin\xe4")
    replaced = {"LAKE": str(own), "SOURCES": str(sources), "LATIN": latin}
    words = []
    for word in command.split(" "):
        for name, path in replaced.items():
            word = word.replace(name, path)
        words.append(word)
    done = wardrobe(*words, lake=own, cwd=places, PREFECT_HOME=str(places / "prefect"))
    assert is_one_sentence(done), done
    assert CASES[command] in done.stderr
    assert contents(places) == before


def test_a_timeout_beyond_every_clock_is_no_limit(lake):
    for seconds in ("1e999", "999999999999"):
        done = wardrobe("sql", "select 1 as a", "--timeout", seconds, lake=lake)
        assert (done.returncode, done.stderr) == (0, "")
