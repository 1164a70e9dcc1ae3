"""The wheel under its generic import names: built, installed elsewhere, run from another folder."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A fresh environment with only our wheel in it; libraries come from the one under test."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", wheel], check=True)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    libraries = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    # Behind our own packages on the path: the editable install under test must not shadow them.
    (site / "zz_libraries.pth").write_text(f"{libraries}\n")
    return folder / "env" / "bin"


def test_the_wheel_answers_a_query_from_another_folder(installed, lake, tmp_path):
    done = subprocess.run(
        [installed / "wardrobe", "query", "split_totals", "--lake", lake, "--format", "csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deepfashion2,train" in done.stdout


def test_flows_and_schemas_come_from_the_same_place(installed, tmp_path):
    text = "import flows, schemas; print(flows.__file__); print(schemas.__file__)"
    done = subprocess.run(
        [installed / "python", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    flows, schemas = (Path(line) for line in done.stdout.splitlines())
    assert flows.parents[1] == schemas.parents[1]
    assert flows.is_relative_to(installed.parent)


def test_version_prints_the_place(installed, tmp_path):
    done = subprocess.run(
        [installed / "wardrobe", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed.parent) in done.stdout


def test_queries_and_templates_travel_in_the_wheel(installed):
    (site,) = installed.parent.glob("lib/python*/site-packages")
    shipped = {path.name for path in (site / "flows" / "_sql").rglob("*.sql")}
    assert shipped == {path.name for path in (ROOT / "sql").rglob("*.sql")}
    assert list((site / "flows" / "exports" / "report" / "templates").iterdir())
    topics = {path.name for path in (site / "flows" / "cli" / "topics").iterdir()}
    assert topics == {path.name for path in (ROOT / "flows" / "cli" / "topics").iterdir()}


def test_an_index_would_refuse_an_upload():
    assert "Private :: Do Not Upload" in (ROOT / "pyproject.toml").read_text()
