"""The mapped index: the same rows for any layout of the files, made once, shared by all."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from releases import image, item, write_release

from flows.feed import Feed, Loader, Sampler, index
from schemas.errors import InputError

ROOT = Path(__file__).parents[2]


ITEMS = st.lists(st.sampled_from([7, 8, 9]), max_size=3)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=7).filter(any), st.randoms(), st.integers(1, 8))
def test_rows_come_in_order_however_the_files_lie(tmp_path_factory, kinds, random, per_part):
    """Compared with reading the same numbers straight from what was written."""
    rows = [
        image(number, *[item(kind, box=(k, 0.5, k + 2, 9.0)) for k, kind in enumerate(own)])
        for number, own in enumerate(kinds, start=1)
    ]
    shuffled = random.sample(rows, len(rows))
    folder = tmp_path_factory.mktemp("rows")
    release = write_release(folder, shuffled, per_part=per_part)
    feed = Feed(release, "deepfashion2", "train", task="landmarks", cache=folder)
    outlines = Feed(release, "deepfashion2", "train", task="segmentation", cache=folder)
    assert len(feed) == len(rows)
    for one, sample, outline in zip(rows, feed, outlines, strict=True):
        assert sample["image_id"] == one["image_id"]
        assert sample["category_ids"].tolist() == [thing["category_id"] for thing in one["items"]]
        assert sample["boxes"].tolist() == [list(thing["box"]) for thing in one["items"]]
        for thing, points, polygons in zip(
            one["items"], sample["landmarks"], outline["polygons"], strict=True
        ):
            assert points.tolist() == [list(point) for point in thing["landmarks"]]
            assert [p.reshape(-1).tolist() for p in polygons] == thing["polygons"]


def opened(release, answers):
    feed = Feed(release, "deepfashion2", "train", task="landmarks")
    answers.put((os.getpid(), sum(float(one["landmarks"][0].sum()) for one in feed)))


def test_processes_that_open_a_split_together_make_its_index_once(tmp_path):
    release = write_release(tmp_path, [image(number, item()) for number in range(1, 9)])
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    processes = [context.Process(target=opened, args=(release, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    result = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert len({total for _, total in result}) == 1
    files = sorted(path.name for path in (tmp_path / "cache").rglob("*.*"))
    assert files == ["images.arrows", "items.arrows", "landmarks.arrows"]


def test_an_index_is_found_again_and_one_that_nobody_opens_is_forgotten(tmp_path, monkeypatch):
    first = write_release(tmp_path / "1", [image(1, item())], name="a")
    Feed(first, "deepfashion2", "train")
    (made,) = (tmp_path / "cache" / "feed-indexes").iterdir()
    before = (made / "images.arrows").stat().st_ino
    Feed(first, "deepfashion2", "train")
    assert (made / "images.arrows").stat().st_ino == before
    other = tmp_path / "cache" / "feed-indexes" / "mine"
    other.mkdir()
    for folder in (made, other):
        os.utime(folder, (0, 0))
    second = write_release(tmp_path / "2", [image(1, item())], name="b")
    Feed(second, "deepfashion2", "train")
    assert not made.exists()
    assert other.exists(), "only indexes are removed"


def test_a_release_whose_tables_disagree_is_told(tmp_path):
    release = write_release(tmp_path, [image(1, item())])
    other = write_release(tmp_path / "other", [image(2, item())])
    for table in ("landmarks", "items"):
        (file,) = (release / table).rglob("*.parquet")
        (wrong,) = (other / table).rglob("*.parquet")
        file.write_bytes(wrong.read_bytes())
    with pytest.raises(InputError, match="1 rows of items have no row in images"):
        Feed(release, "deepfashion2", "train").index.items  # noqa: B018


def test_pictures_may_have_moved_since_and_zips_are_read_by_several_threads(tmp_path):
    rows = [image(number, item()) for number in range(1, 21)]
    release = write_release(tmp_path, rows, pictures="zips")
    (tmp_path / "source").rename(tmp_path / "moved")
    with pytest.raises(InputError, match=r"source does not exist.*of a feed"):
        Feed(release, "deepfashion2", "train")[0]
    feed = Feed(release, "deepfashion2", "train", pictures_at=str(tmp_path / "moved"), size=8)
    loader = Loader(feed, Sampler(feed), batch_size=3, threads=4)
    assert sorted(number for batch in loader for number in batch["image_id"]) == [*range(1, 21)]


def test_a_release_without_pictures_says_what_to_do(tmp_path):
    release = write_release(tmp_path, [image(1, item())], pictures="none")
    with pytest.raises(InputError, match="ingest with --embed-images"):
        Feed(release, "deepfashion2", "train")[0]


def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch):
    assert index.default_cache() == tmp_path / "cache"
    monkeypatch.delenv("WARDROBE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert index.default_cache() == tmp_path / "xdg" / "wardrobe"
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert index.default_cache().name.startswith("wardrobe-")


@pytest.mark.slow
def test_a_worker_needs_no_threads_of_arrow(tmp_path):
    """Threads are lost in a fork, and those of a library may wait for ever for their locks."""
    release = write_release(tmp_path, [image(number, item()) for number in range(1, 5)])
    code = f"""
import os
from flows.feed import Feed
def threads(): return len(os.listdir("/proc/self/task"))
before = threads()
feed = Feed({str(release)!r}, "deepfashion2", "train", task="landmarks")
print([sample["image_id"] for sample in feed], threads() - before)
"""
    for made in (False, True):
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
        )
        assert not made or result.stdout.strip() == "[1, 2, 3, 4] 0", result


def test_without_file_locks_another_process_may_write_the_index_first(tmp_path, monkeypatch):
    """Windows: no locks, and a file that another process has mapped cannot be replaced."""
    release = write_release(tmp_path, [image(1, item())])
    monkeypatch.setattr(index, "fcntl", None)
    replace = Path.replace

    def replace_unmapped(self, target):
        if target.name == "images.arrows":
            replace(self, target)  # the other process was faster
            raise PermissionError(13, "Permission denied", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_unmapped)
    feed = Feed(release, "deepfashion2", "train", size=8, cache=tmp_path / "cache")
    assert feed[0]["image_id"] == 1

    def refuse(self, target):
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError):
        Feed(release, "deepfashion2", "train", size=8, cache=tmp_path / "other")
