"""`wardrobe export training`: what it prints, and its exit codes."""

import logging

import pytest
from command_line import is_one_sentence, wardrobe
from releases import image, item, write_release

from flows import export as export_flow

pytestmark = pytest.mark.slow


@pytest.fixture
def missing(tmp_path):
    """The lake of a release of three images, two of them without a picture."""
    rows = [image(n, item(), image_status="missing" if n > 1 else "ok") for n in range(1, 4)]
    release = write_release(tmp_path, rows)
    (release.parents[1] / "current").symlink_to(f"releases/{release.name}")
    return release.parents[1]


def export(lake, folder, *words):
    task = () if "--task" in words else ("--task", "detection")
    return wardrobe(
        *("export", "training", "deepfashion2", "train", "--output", folder, "--workers", 1),
        *(*task, *words),
        lake=lake,
    )


def test_rows_left_out_are_counted_by_reason_and_over_half_needs_an_option(missing, tmp_path):
    counts = "left out 2 of 3 rows (2 picture missing)"
    blocked = export(missing, tmp_path / "set")
    assert (blocked.returncode, blocked.stdout) == (1, "")
    assert counts in blocked.stderr and "--allow-left-out" in blocked.stderr
    assert blocked.stderr.count("\n") == 1
    assert not (tmp_path / "set").exists()
    allowed = export(missing, tmp_path / "set", "--allow-left-out")
    assert (allowed.returncode, allowed.stderr) == (0, f"note: {counts}\n")
    assert allowed.stdout.endswith("1 rows of deepfashion2 train in 1 shard, 1 written\n")
    again = export(missing, tmp_path / "set", "--allow-left-out")
    assert again.stdout.endswith("in 1 shard, unchanged\n")
    assert export(missing, tmp_path / "set").returncode == 1


def test_the_flow_says_what_it_leaves_out(missing, tmp_path, monkeypatch, caplog):
    artifacts = []
    monkeypatch.setattr(export_flow, "get_run_logger", lambda: logging.getLogger("flow"))
    monkeypatch.setattr(
        export_flow, "create_markdown_artifact", lambda key, markdown: artifacts.append(markdown)
    )
    export_flow.export_training_flow.fn(
        *("deepfashion2", "train", "detection", str(tmp_path / "set"), str(missing)),
        allow_left_out=True,
        workers=1,
    )
    (markdown,) = artifacts
    assert "left out 2 of 3 rows (2 picture missing)" in markdown and markdown[-10:] in caplog.text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fold", "5/5"], "fold cannot be 5/5: give numbers from 0"),
        (["--task", "retrieval"], "has no annotations for the task retrieval"),
        (["--allow-left-out", "--shards", "2"], "1 images cannot be divided into 2 shards"),
    ],
)
def test_wrong_use_is_one_sentence(missing, tmp_path, words, says):
    done = export(missing, tmp_path / "set", *words)
    assert is_one_sentence(done) and says in done.stderr


def test_an_export_with_other_options_needs_replace(missing, tmp_path):
    assert export(missing, tmp_path / "set", "--allow-left-out").returncode == 0
    words = ("--allow-left-out", "--size", "32")
    refused = export(missing, tmp_path / "set", *words)
    assert is_one_sentence(refused) and "with other options: add --replace" in refused.stderr
    assert export(missing, tmp_path / "set", *words, "--replace").returncode == 0


@pytest.mark.parametrize("words", [["coco"], ["information"]])
def test_other_exports_refuse_a_wrong_fold(missing, tmp_path, words):
    done = wardrobe(
        *("export", *words, "deepfashion2", "train", "--output", tmp_path / "out"),
        *("--allow-unknown-size", "--fold", "x"),
        lake=missing,
    )
    assert is_one_sentence(done) and "fold cannot be x" in done.stderr
