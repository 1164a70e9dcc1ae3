import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from lake_runs import build, fill, numbers, planned, publish, source
from small_disks import fill_up

from flows.lake import Lake, LakeBusy
from flows.lake.publish import remove_tree
from flows.lake.table_file import table_file
from schemas.errors import InputError

SUPPORT = Path(__file__).parents[1] / "support"
ROOT = Path(__file__).parents[2]


def run_python(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """A Python process that can import the project and the builders of the tests."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{SUPPORT}"},
        capture_output=True,
        text=True,
        timeout=300,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.slow
def test_a_publication_killed_at_any_step_leaves_a_whole_release_and_the_next_run_ends_it(tmp_path):
    # Every 64th step; tests/faults/test_kills.py kills at a thousand random steps.
    done = run_python(SUPPORT / "killed_runs.py", tmp_path, "every", 64)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 100


FULL = """
import resource, sys
from pathlib import Path
from lake_runs import numbers, publish, source
from schemas.errors import InputError
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    publish(Path(sys.argv[1]), source(numbers(1, 25) | {13: "wider"}))
except InputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("limit", [100, 3000, 6000])
def test_a_file_that_finds_no_room_ends_the_run_in_a_sentence_and_the_lake_stays(lake, limit):
    first = publish(lake, source(numbers(1, 25)))
    done = run_python("-c", FULL, lake.root, limit)
    assert done.stderr == ""
    assert "the disk is full" in done.stdout
    assert "nothing was published" in done.stdout
    assert lake.release().id == first.id
    assert lake.verify() == []
    second = publish(lake, source(numbers(1, 25) | {13: "wider"}))
    assert second.manifest.parent == first.id


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 300 kB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=300k", "tmpfs"]
    if subprocess.run(["mount", *options, place], capture_output=True).returncode:
        pytest.skip("no right to mount a small disk here; the test of file sizes covers it")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("state", ["as it is", "no marker", "publication to finish"])
def test_a_full_disk_keeps_nobody_from_deleting_releases(small_disk, state):
    lake = Lake(small_disk / "lake")
    made = [publish(lake, source(numbers(1, 25, stamp=word))) for word in ("a", "bb", "ccc")]
    if state == "no marker":
        (lake.root / "lake.json").unlink()
    if state == "publication to finish":
        (lake.root / "publishing").write_text(made[2].id)
        (lake.root / "current").unlink()
        (lake.root / "current").symlink_to(f"releases/{made[1].id}")
    fill_up(small_disk)
    with pytest.raises(InputError, match="the disk is full"):
        publish(lake, source(numbers(1, 30)))
    assert made[0].id in lake.delete_all_but(1).releases
    assert lake.release().id == made[2].id
    assert lake.verify() == []
    (small_disk / "ballast").unlink()
    assert publish(lake, source(numbers(1, 30))).manifest.parent == made[2].id
    assert (lake.root / "lake.json").is_file()


def test_a_lock_without_room_for_its_holder_excludes_others_all_the_same(lake, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with lake.writing(), pytest.raises(LakeBusy, match="is being written by another process"):
        publish(lake, source(numbers(1, 5)))


# The first publication imports all modules, because only root may be able to read the interpreter.
AS_NOBODY = """
import os, sys
from lake_runs import numbers, publish, source
from flows.lake import Lake
from schemas.errors import InputError
lake = Lake(sys.argv[1])
publish(lake.root.with_name("warm"), source(numbers(1, 5)))
os.setgid(65534)
os.setuid(65534)
"""


@pytest.fixture
def open_lake():
    """A lake where another user may come: pytest keeps its own folders to one user."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Lake(Path(place) / "lake")


def run_as_nobody(lake: Lake, text: str) -> str:
    done = run_python("-c", AS_NOBODY + text, lake.root)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_everything_works_without_being_root(open_lake):
    open_lake.root.mkdir()
    os.chown(open_lake.root, 65534, 65534)
    text = """
first = publish(lake, source(numbers(1, 25)))
second = publish(lake, source(numbers(1, 25) | {13: "wider"}))
one, two = first.files("items")[0], second.files("items")[0]
assert one.stat().st_ino == two.stat().st_ino
try:
    one.open("ab")
except PermissionError:
    print("read-only")
lake.rollback(first.id)
lake.resume()
lake.rollback(second.id)
lake.resume()
third = publish(lake, source(numbers(1, 26)))
assert len(lake.delete_all_but(1).releases) == 2
assert lake.verify() == []
print(len(lake.releases()))
"""
    assert run_as_nobody(open_lake, text).split() == ["read-only", "1"]


@pytest.mark.slow
def test_a_lake_that_may_not_be_written_says_so_and_can_be_read(open_lake):
    publish(open_lake, source(numbers(1, 25)))
    text = """
try:
    publish(lake, source(numbers(1, 26)))
except InputError as error:
    print(error)
print(len(lake.release().files("items")), lake.verify())
"""
    output = run_as_nobody(open_lake, text)
    assert "cannot be written: it may not be written (Permission denied)" in output
    assert output.endswith("3 []\n")


@pytest.mark.slow
def test_files_of_another_owner_are_copied_where_they_may_not_be_linked(open_lake):
    publish(open_lake, source(numbers(1, 25)))
    root = open_lake.root
    for path in (root, root / "releases", root / "staging", root / "lock"):
        os.chown(path, 65534, 65534)
    text = """
publish(lake, source(numbers(1, 25) | {13: "wider"}))
print(lake.verify(), len(lake.releases()))
"""
    assert run_as_nobody(open_lake, text) == "[] 2\n"


@pytest.mark.slow
def test_a_right_lost_half_way_ends_in_a_sentence_and_leaves_the_release(lake, monkeypatch):
    first = publish(lake, source(numbers(1, 25)))
    with pytest.raises(InputError, match="it may not be written"), lake.writing() as staging:
        fill(staging, source(numbers(1, 26)))

        def refuse(self: Path, target: Path) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))

        monkeypatch.setattr(Path, "rename", refuse)
        staging.publish()
    monkeypatch.undo()
    assert lake.release().id == first.id
    assert publish(lake, source(numbers(1, 26))).manifest.parent == first.id
    assert len(lake.releases()) == 2


def test_an_error_of_the_source_is_not_taken_for_one_of_the_lake(lake):
    with pytest.raises(PermissionError), lake.writing():
        raise PermissionError(errno.EACCES, "Permission denied", "/source/train")


def test_a_worker_that_outlived_its_run_writes_nothing_into_the_next_run(lake):
    parts = planned(source(numbers(1, 25))).changed
    with lake.writing() as staging:
        build(staging.folder, parts[0])
        folder_of_first_run = staging.folder
    with lake.writing() as staging:
        with pytest.raises(FileNotFoundError):
            build(folder_of_first_run, parts[1])
        assert [path.name for path in (lake.root / "staging").iterdir()] == [staging.folder.name]


def test_a_worker_that_is_writing_while_its_run_is_cleaned_away_leaves_nothing(lake):
    schema = pa.schema({"number": pa.int64()})

    with lake.writing() as staging:
        folder = staging.folder
        path, name = "statistics/numbers.parquet", "statistics/numbers"
        with pytest.raises(FileNotFoundError), table_file(folder, path, name, schema) as file:
            file.add(pa.table({"number": [1]}))
            remove_tree(folder)
        assert list((lake.root / "staging").iterdir()) == []


def test_a_worker_that_writes_while_its_folder_is_removed_fails(lake, monkeypatch):
    (part,) = planned(source(numbers(1, 5))).changed
    remove = shutil.rmtree

    def write_and_remove(path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            build(folder, part)
        remove(path)

    with lake.writing() as staging:
        folder = staging.folder
        build(folder, part)
        monkeypatch.setattr(shutil, "rmtree", write_and_remove)
    assert list((lake.root / "staging").iterdir()) == []
