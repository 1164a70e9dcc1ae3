"""A data set that does not exist, added to a copy of the project as the README says.

ADDED and RECORD are all that it needs. Its source has outlines, an unknown label, a line with an
unknown key and a picture without a file.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = "tests/golden/sources/lookbook"
ADDED = {
    "decoder.py": "flows/decode/lookbook/__init__.py",
    "cases": "tests/cases/lookbook",
    "source": SOURCE,
}
"""What the data set adds to the project: a decoder, cases and a small source."""
RECORD = """\
        Dataset(
            name="lookbook",
            title="Lookbook",
            splits=("train",),
            terms="Made up for a test.",
            categories=(Category(1, "coat"), Category(2, "hat")),
            has=("polygons", "picture files"),
        ),
"""
"""Its record in schemas/datasets.py."""
END_OF_RECORDS = '    )\n}\n"""Every data set by name'

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with the data set, as far as these tests need it."""
    copy = tmp_path_factory.mktemp("lookbook") / "project"
    for name in ("flows", "schemas", "sql", "tests/support", "tests/cases", "tests/golden"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/conftest.py", "tests/test_datasets.py"):
        shutil.copy(ROOT / name, copy / name)
    (copy / "tests/decode").mkdir()
    shutil.copy(ROOT / "tests/decode/test_cases.py", copy / "tests/decode")
    (copy / "flows/decode/lookbook").mkdir()
    for name, path in ADDED.items():
        added = Path(__file__).parent / name
        (shutil.copytree if added.is_dir() else shutil.copy)(added, copy / path)
    records = copy / "schemas/datasets.py"
    text = records.read_text()
    assert text.count(END_OF_RECORDS) == 1
    records.write_text(text.replace(END_OF_RECORDS, RECORD + END_OF_RECORDS))
    return copy


def run(project: Path, *words: str) -> str:
    """What Python prints with these arguments in the copy. Fails unless the exit code is 0."""
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


COMMANDS = """
import json, sys
from flows.cli.application import main

for words in json.loads(sys.argv.pop()):
    sys.argv[1:] = words
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
    print("\\0", end="")
"""


@pytest.fixture(scope="module")
def printed(project) -> list[str]:
    """What each of `WORDS` prints, run one after the other in one process of the copy."""
    return run(project, "-c", COMMANDS, json.dumps(WORDS)).split("\0")[:-1]


INGEST = ["ingest", "lookbook", SOURCE, "--allow-refused", "train"]
SELECTS = [
    "select image_id, file_name, image_status, width from images order by 1",
    "select image_id, category_name, polygon_no, point_count from polygons join items "
    "using (dataset, split, image_id, item_no) order by 1, 3",
    "select image_id, item_no, rule, message from rejections order by 1",
    "select category_name, items from items_by_category order by category_id",
]
EXPORTS = [
    ["coco", "lookbook", "train", "--task", "segmentation", "--output", "coco.json"],
    ["training", "lookbook", "train", "--task", "segmentation", "--output", "shards"],
]
WORDS = [
    INGEST,
    ["check"],
    ["report", "--output", "report.html"],
    ["export", *EXPORTS[0], "--allow-unknown-size"],
    ["export", *EXPORTS[1]],
    INGEST,
    *(["sql", select, "--format", "json"] for select in SELECTS),
]


def test_tests_of_data_sets_cover_it_without_a_change(project):
    files = ["tests/decode/test_cases.py", "tests/test_datasets.py"]
    selected = "lookbook or every_data_set or every_rule or declared_data_sets"
    printed = run(
        project, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *files, "-k", selected
    )
    assert "16 passed" in printed


def test_its_output_is_recorded_with_its_version(project):
    run(project, "tests/support/golden_versions.py")
    recorded = json.loads((project / "tests/golden/versions.json").read_text())
    assert {"decoder lookbook", "flatten lookbook"} <= recorded.keys()


def test_ingest_publishes_it_once_and_the_checks_find_no_error(printed):
    assert "images +3, items +2, polygons +3, rejections +2" in printed[0]
    assert "nothing changed" in printed[5]


def test_rows_say_what_the_source_says(printed):
    rows = [[list(row.values()) for row in json.loads(text)] for text in printed[6:]]
    assert rows == [
        [[1, "a.png", "ok", 40], [2, "b.png", "missing", None], [3, "c.png", "ok", 40]],
        [[1, "coat", 1, 3], [2, "hat", 1, 3], [2, "hat", 2, 3]],
        [
            [2, 2, "unknown_category", "`line 2: $.garments[1].label`: unknown"],
            [4, None, "unknown_key", "line 4: `$.season`: object contains unknown field `season`"],
        ],
        [["coat", 1], ["hat", 1]],
    ]


def test_report_and_exports_take_it(printed, project):
    page = (project / "report.html").read_text()
    assert "Lookbook" in page and 'id="lookbook-polygon-shapes"' in page
    annotations = json.loads((project / "coco.json").read_text())["annotations"]
    assert [len(annotation["segmentation"]) for annotation in annotations] == [1, 2]
    assert list((project / "shards").rglob("*.parquet"))
