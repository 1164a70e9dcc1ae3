"""Versions of code: an output over golden inputs changes only together with its version."""

from pathlib import Path

import pytest
from golden_versions import (
    COMMAND,
    Output,
    current_outputs,
    recorded_outputs,
    version_problems,
)
from ingesting import ingested

from flows.cli.application import main
from flows.decode import DECODERS
from flows.pipelines.source import part_versions
from flows.samples import write_fashion_mnist


@pytest.fixture(scope="module")
def current() -> dict[str, Output]:
    return current_outputs()


def test_no_output_changed_while_its_version_did_not(current):
    assert version_problems(current, recorded_outputs()) == []


def test_every_output_is_recorded_with_its_version(current):
    assert current == recorded_outputs(), f"run `{COMMAND}`"


def test_a_changed_output_is_a_problem_until_one_of_its_versions_is_raised(current):
    name = next(name for name in current if name.startswith("decoder"))
    output = current[name]
    changed = output._replace(sha256="0" * 64)
    (problem,) = version_problems(current | {name: changed}, current)
    assert name in problem and "DECODER_VERSION" in problem and COMMAND in problem
    for version in output.versions:
        raised = output.versions | {version: output.versions[version] + 1}
        assert version_problems(current | {name: Output(raised, "0" * 64)}, current) == []


def test_each_version_is_part_of_a_fingerprint_and_covered_by_a_golden_output(current):
    covered = {next(iter(output.versions)) for output in current.values()}
    for dataset in DECODERS:
        assert part_versions(dataset).keys() == covered


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declaration", "name"),
    [
        ("flows.pipelines.source.FLATTEN_VERSION", "flatten"),
        ("flows.pipelines.source.PROBE_VERSION", "probe"),
        ("flows.pipelines.source.SCHEMA_VERSION", "schema"),
    ],
)
def test_a_raised_version_builds_the_parts_again_and_says_so(
    lake_of_digits, monkeypatch, capsys, declaration, name
):
    monkeypatch.setattr(declaration, 77)
    assert f"{name} version changed: " in dry_run(lake_of_digits, monkeypatch, capsys)
    monkeypatch.undo()
    assert "nothing changed" in dry_run(lake_of_digits, monkeypatch, capsys)


@pytest.fixture(scope="module")
def lake_of_digits(tmp_path_factory) -> Path:
    """A folder with a Fashion-MNIST source of 14 pictures and the lake made of it."""
    folder = tmp_path_factory.mktemp("versions")
    write_fashion_mnist(folder / "source", images=14)
    ingested("fashion-mnist", folder / "source", folder / "lake")
    return folder


def dry_run(folder: Path, monkeypatch, capsys) -> str:
    """What `wardrobe ingest --dry-run` prints about that source."""
    words = ["ingest", "fashion-mnist", folder / "source", "--lake", folder / "lake", "--dry-run"]
    monkeypatch.setattr("sys.argv", ["wardrobe", *map(str, words)])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().out
