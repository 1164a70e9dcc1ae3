import errno
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_disks import fill_up
from small_lakes import build, fill, numbers, publish, source

from flows.lake import Abandoned, Lake, LakeBusy, plan_parts
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


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_publication_killed_at_any_step_leaves_a_whole_release_and_the_next_run_ends_it(tmp_path):
    # Every 32nd step here; `python tests/support/killed_runs.py FOLDER every` takes every one.
    done = run_python(SUPPORT / "killed_runs.py", tmp_path, "every", 32)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 100


def test_a_lake_lives_through_random_kills_of_all_that_writes_it(tmp_path):
    # tests/faults/test_kills.py does it a thousand times.
    done = run_python(SUPPORT / "killed_runs.py", tmp_path, "random", 12, 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("12 kills, seed 3: {'keep': ")


def test_readers_that_resolve_current_once_never_meet_a_missing_or_mixed_release(lake):
    """Images, items and a statistic agree on a number that every publication raises."""
    publish(lake, source(numbers(1, 5)))
    over = threading.Event()
    troubles: list[str] = []
    reads = [0, 0, 0]

    def read(place: int) -> None:
        while not over.is_set():
            release = lake.release()
            found = {
                table: sum(pq.ParquetFile(path).metadata.num_rows for path in release.files(table))
                for table in ("images", "items")
            }
            (statistic,) = release.files("statistics/how_many")
            found["statistic"] = pq.read_table(statistic)["images"][0].as_py()
            if len(set(found.values())) != 1:
                troubles.append(str(found))
            reads[place] += 1

    def keep_reading(place: int) -> None:
        try:
            read(place)
        except Exception as error:  # whatever a reader meets is a finding of this test
            troubles.append(repr(error))

    readers = [threading.Thread(target=keep_reading, args=(place,)) for place in range(len(reads))]
    for reader in readers:
        reader.start()
    for last in range(6, 36):
        publish(lake, source(numbers(1, last)))
    over.set()
    for reader in readers:
        reader.join()
    assert troubles == []
    assert all(reads)
    assert len(lake.releases()) == 31


FULL = """
import resource, sys
from pathlib import Path
from small_lakes import numbers, publish, source
from schemas.errors import InputError
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    publish(Path(sys.argv[1]), source(numbers(1, 25) | {13: "wider"}))
except InputError as error:
    print(error)
"""


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


def test_a_full_disk_leaves_the_old_release_and_room_for_the_next_try(small_disk):
    lake = Lake(small_disk / "lake")
    first = publish(lake, source(numbers(1, 25)))
    with pytest.raises(InputError, match="the disk is full"):
        publish(lake, source(numbers(1, 250, stamp="b")))
    assert lake.release().id == first.id
    assert lake.verify() == []
    assert list((lake.root / "staging").iterdir()) == []
    assert publish(lake, source(numbers(1, 26))).manifest.parent == first.id


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
    assert made[0].id in lake.keep(1).releases
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


# Whatever is imported late is imported by a first publication, because the interpreter may lie
# where only root can read.
AS_NOBODY = """
import os, sys
from small_lakes import numbers, publish, source
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
assert len(lake.keep(1).releases) == 2
assert lake.verify() == []
print(len(lake.releases()))
"""
    assert run_as_nobody(open_lake, text).split() == ["read-only", "1"]


def test_a_lake_that_may_not_be_written_says_so_and_can_be_read(open_lake):
    publish(open_lake, source(numbers(1, 25)))
    text = """
try:
    publish(lake, source(numbers(1, 26)))
except InputError as error:
    print(error)
print(len(lake.release().files("items")), lake.verify())
"""
    said = run_as_nobody(open_lake, text)
    assert "cannot be written: it may not be written (Permission denied)" in said
    assert said.endswith("3 []\n")


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


def test_an_orphaned_worker_writes_nothing_into_the_run_that_follows(lake):
    parts = plan_parts("deepfashion2", source(numbers(1, 25)), versions={"decoder": 1}).changed
    with lake.writing() as staging:
        build(staging.folder, parts[0])
        orphaned = staging.folder
    with lake.writing() as staging:
        with pytest.raises(Abandoned, match="is over"):
            build(orphaned, parts[1])
        assert [path.name for path in (lake.root / "staging").iterdir()] == [staging.folder.name]
