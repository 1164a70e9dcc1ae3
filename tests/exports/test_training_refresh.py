"""A training set that is exported every night into the same folder."""

import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from releases import image, item, write_release

from flows.exports.training import folder as training_folder
from flows.exports.training.options import TrainingOptions
from flows.pipelines.export_training import export_training
from flows.release import Release
from schemas.errors import InputError

pytestmark = pytest.mark.slow

NAMES = iter(f"2026112{day}T000000Z-{day:08}" for day in range(1000))


def released(folder: Path, numbers, changed=()) -> Release:
    """A release of images with these numbers; another box in those that changed."""
    rows = [image(n, item(box=(1.0, 2.0, 30.0, 40.0)) if n in changed else item()) for n in numbers]
    return Release(write_release(folder, rows, name=next(NAMES)))


def exported(release, output, task="detection", **how):
    options = TrainingOptions(task)
    return export_training(
        release, "deepfashion2", split="train", output=output, options=options,
        **({"run": map} | how),
    )  # fmt: skip


def files(folder: Path) -> dict[str, tuple[int, str]]:
    """Inode and hash of every file."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_ino,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in paths
    }


def shards_of(folder: Path) -> dict[str, int]:
    return {name: inode for name, (inode, _) in files(folder).items() if name != "README.md"}


def image_ids(folder: Path) -> list[int]:
    paths = sorted((folder / "data").iterdir())
    return [number for path in paths for number in pq.read_table(path)["image_id"].to_pylist()]


@pytest.fixture(scope="module")
def first_output(tmp_path_factory) -> Path:
    """Images 1 to 12 in four shards. Not to be changed."""
    folder = tmp_path_factory.mktemp("first")
    exported(released(folder, range(1, 13)), folder / "set", shards=4)
    return folder / "set"


@pytest.fixture
def output(first_output, tmp_path) -> Path:
    """A copy of that export."""
    return shutil.copytree(first_output, tmp_path / "set")


def test_nothing_is_written_when_the_split_did_not_change(tmp_path, output):
    before = files(output)

    def run(build, jobs):
        raise AssertionError("no shard is built")

    record = exported(released(tmp_path, range(1, 13)), output, run=run)
    assert (record.written, record.rows) == (0, 12)
    assert files(output) == before


@pytest.mark.parametrize(
    ("numbers", "changed", "written"),
    [
        (range(1, 15), (), [3]),
        ((*range(5), *range(6, 13)), (), [0, 1]),
        (range(1, 13), (8,), [2]),
    ],
)
def test_only_shards_whose_rows_changed_are_replaced(tmp_path, output, numbers, changed, written):
    before = shards_of(output)
    later = released(tmp_path, numbers, changed)
    record = exported(later, output)
    after = shards_of(output)
    assert [k for k, name in enumerate(sorted(after)) if after[name] != before[name]] == written
    assert record.written == len(written)
    assert image_ids(output) == list(numbers)
    card = (output / "README.md").read_text()
    assert re.search(rf"\| train \| {len(numbers)} \| 0 \| 4 \|.*`{later.id}`", card)


def test_a_split_that_grows_too_large_for_its_shards_is_divided_again(
    tmp_path, output, monkeypatch
):
    planning = "flows.exports.training.shards"
    monkeypatch.setattr(f"{planning}._expected_bytes", lambda rows, _: np.ones(rows.num_rows))
    monkeypatch.setattr(f"{planning}.SHARD_BYTES", 3)
    record = exported(released(tmp_path, range(1, 16)), output)
    assert len(record.shards) == 4, "the last has 6 rows, twice as many as planned"
    record = exported(released(tmp_path, range(1, 18)), output)
    assert len(record.shards) == 8
    assert sorted(shards_of(output)) == [f"data/train-{k:05}-of-00008.parquet" for k in range(8)]
    assert image_ids(output) == [*range(1, 18)]


def test_shards_that_lost_all_rows_are_divided_again(tmp_path, output):
    exported(released(tmp_path, range(10, 13)), output)
    assert image_ids(output) == [10, 11, 12]
    assert len(shards_of(output)) == 1


class Killed(BaseException):
    """The end of a process, at a step."""


def kill_at(monkeypatch, step: int, *methods: str) -> None:
    """Raise at the given rename or deletion."""
    steps = iter(range(1000))

    def counted(method):
        def call(path, *args, **how):
            if next(steps) == step:
                raise Killed
            return method(path, *args, **how)

        return call

    for name in methods:
        monkeypatch.setattr(training_folder.Path, name, counted(getattr(Path, name)))


def test_an_export_killed_at_any_step_is_repaired_by_the_next(tmp_path, output, monkeypatch):
    first, later = released(tmp_path, range(1, 13)), released(tmp_path, range(1, 14), (2, 3))
    exported(later, tmp_path / "whole", shards=2)
    whole = {name: digest for name, (_, digest) in files(tmp_path / "whole").items()}
    for step in (0, 2, 3, 6, 9, 10):
        folder = shutil.copytree(output, tmp_path / f"killed-{step}")
        try:
            with monkeypatch.context() as patch:
                kill_at(patch, step, "replace", "unlink")
                exported(later, folder, shards=2, replace=True)
            break
        except Killed:
            pass
        if step == 3:  # a rollback of the lake
            exported(first, folder, shards=4, replace=True)
            assert image_ids(folder) == [*range(1, 13)]
        else:
            exported(later, folder, shards=2, replace=True)
            assert {name: digest for name, (_, digest) in files(folder).items()} == whole
        assert not (folder / training_folder.STAGING).exists()
    assert step == 10, "two shards, each written and moved; four deleted; a card, written and moved"


def test_a_rollback_after_a_killed_publication_restores_the_first_rows(
    tmp_path, output, monkeypatch
):
    before = {name: digest for name, (_, digest) in files(output / "data").items()}
    first, later = released(tmp_path, range(1, 13)), released(tmp_path, range(1, 13), (1, 12))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, 3, "replace")  # two shards are written, one of them has its place
        exported(later, output)
    assert exported(first, output).written == 1
    assert {name: digest for name, (_, digest) in files(output / "data").items()} == before


def test_an_export_that_fails_keeps_the_old_one_whole(tmp_path, output):
    before = files(output)
    later = released(tmp_path, range(1, 13), changed=(1, 5))
    (tmp_path / "source/train/image/000001.jpg").unlink()
    (tmp_path / "source/train/image/000005.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="2 of 12 rows of train could not be made"):
        exported(later, output)
    assert {name: file for name, file in files(output).items() if ".next" not in name} == before


def test_another_export_needs_replace(tmp_path, output):
    release = released(tmp_path, range(1, 13))
    with pytest.raises(InputError, match="exported with other options: add --replace"):
        exported(release, output, "landmarks")
    with pytest.raises(InputError, match="train in 4 shards: add --replace to write it in 3"):
        exported(release, output, shards=3)
    exported(release, output, "landmarks", replace=True)
    assert len(shards_of(output)) == 1
    assert "DeepFashion2 for landmarks" in (output / "README.md").read_text()
    assert "landmarks" in str(pq.read_schema(output / "data/train-00000-of-00001.parquet"))
