"""A lake deletes only what is its own, and follows no link."""

import os
import shutil
from pathlib import Path

import msgspec
import pytest
from lake_runs import numbers, publish, source

from flows.lake import Lake
from schemas.errors import InputError

RUN = "20261121T031500Z-3fa9c2d1"


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    """Somebody else's folder, named and filled like a release, with a file to lose."""
    folder = tmp_path / "elsewhere" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "thesis.txt").write_text("years of work")
    return folder


def require_untouched(elsewhere: Path) -> None:
    assert (elsewhere / "thesis.txt").read_text() == "years of work"
    assert (elsewhere / "manifest.json").read_text() == "{}"
    assert elsewhere.stat().st_mode & 0o200


def next_release(lake: Lake):
    """Publish what was not published yet."""
    return publish(lake, source(numbers(1, 10 + len(lake.releases()))))


def test_the_marker_says_the_format_and_is_written_before_all_else(lake, monkeypatch):
    made: list[str] = []
    mkdir, replace = Path.mkdir, Path.replace
    monkeypatch.setattr(Path, "mkdir", lambda p, *a, **k: (made.append(p.name), mkdir(p, *a, **k)))
    monkeypatch.setattr(Path, "replace", lambda p, to: (made.append(Path(to).name), replace(p, to)))
    with lake.writing():
        pass
    assert made[:4] == ["lake", "lake.json", "releases", "staging"]
    marker = msgspec.json.decode((lake.root / "lake.json").read_bytes())
    assert marker.keys() == {"format", "created"}
    assert marker["format"] == 1


@pytest.mark.parametrize("name", ["staging", "releases"])
def test_a_folder_with_entries_like_a_lake_is_not_taken_for_one(lake, name):
    precious = lake.root / name / "precious"
    precious.mkdir(parents=True)
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds other things and is not a lake"):
        publish(lake, source(numbers(1, 5)))
    for act in (
        lambda: lake.delete_all_but(1),
        lambda: lake.delete("2"),
        lambda: lake.rollback("2"),
    ):
        with pytest.raises(InputError, match="is not a lake"):
            act()
    assert (precious / "thesis.txt").read_text() == "years of work"
    assert [path.name for path in lake.root.iterdir()] == [name]


def test_a_lake_without_marker_is_known_by_a_release_read_and_marked_by_the_next_write(lake):
    first = publish(lake, source(numbers(1, 5)))
    (lake.root / "lake.json").unlink()
    (lake.root / "notes").mkdir()
    assert lake.release().id == first.id
    assert not (lake.root / "lake.json").exists()
    lake.delete_all_but(1)
    assert (lake.root / "lake.json").is_file()
    assert publish(lake, source(numbers(1, 6))).manifest.parent == first.id


def test_a_folder_without_marker_whose_only_release_is_damaged_is_refused(lake, elsewhere):
    shutil.copytree(elsewhere, lake.root / "releases" / RUN)
    with pytest.raises(InputError, match="holds other things and is not a lake"):
        next_release(lake)
    require_untouched(lake.root / "releases" / RUN)


def test_the_empty_folders_of_a_first_run_that_failed_become_a_lake(lake):
    for name in ("releases", "staging"):
        (lake.root / name).mkdir(parents=True)
    (lake.root / "lock").write_text("")
    publish(lake, source(numbers(1, 5)))
    assert lake.verify() == []


def test_a_newer_format_is_refused_in_one_sentence_by_readers_and_writers(lake):
    publish(lake, source(numbers(1, 5)))
    (lake.root / "lake.json").write_text('{"format": 2, "layout": "other"}')
    acts = [
        lake.release,
        lake.releases,
        lake.parent,
        lambda: lake.delete_all_but(1),
        lambda: lake.delete("2"),
    ]
    for act in [*acts, lambda: publish(lake, source(numbers(1, 9))), lambda: lake.rollback("2")]:
        with pytest.raises(InputError, match="is a lake of format 2, this version knows 1: use a"):
            act()


DAMAGED_MARKERS = [
    b"",
    b"{",
    b'{"format": "1"}',
    b'{"format": 1}',
    b"\xff",
    b'{"a": ' + b"[" * 10_000,
]


@pytest.mark.parametrize("text", DAMAGED_MARKERS, ids=len)
def test_a_marker_that_is_damaged_or_of_something_else_is_refused(lake, text):
    publish(lake, source(numbers(1, 5)))
    (lake.root / "lake.json").write_bytes(text)
    with pytest.raises(InputError, match=r"lake\.json is damaged or not of a lake") as caught:
        publish(lake, source(numbers(1, 9)))
    assert "\n" not in str(caught.value)
    (lake.root / "lake.json").unlink()
    publish(lake, source(numbers(1, 9)))


def test_other_content_of_staging_stays_and_links_go_as_links(lake, elsewhere):
    next_release(lake)
    staging = lake.root / "staging"
    (staging / "notes.txt").write_text("mine")
    for name in ("mine", RUN, ".gone-mine"):
        shutil.copytree(elsewhere, staging / name)
    (staging / RUN / "manifest.json").unlink()
    (staging / "link").symlink_to(elsewhere)
    (staging / RUN.replace("3fa", "000")).symlink_to(elsewhere)
    (staging / RUN.replace("3fa", "111")).mkdir()
    next_release(lake)
    assert sorted(path.name for path in staging.iterdir()) == [
        ".gone-mine", RUN, "mine", "notes.txt",
    ]  # fmt: skip
    require_untouched(elsewhere)
    require_untouched(staging / "mine")


def test_a_link_within_the_staging_of_a_run_is_not_followed(lake, elsewhere):
    with lake.writing() as staging:
        (staging.folder / "link").symlink_to(elsewhere)
        (staging.folder / "file").symlink_to(elsewhere / "thesis.txt")
        shutil.copytree(staging.folder, lake.root / "staging" / "dead", symlinks=True)
    with lake.writing() as staging:
        (staging.folder / "link").symlink_to(elsewhere)
        (staging.folder / "file").symlink_to(elsewhere / "thesis.txt")
        release = staging.publish()
    assert list((lake.root / "staging").iterdir()) == []
    assert [path.name for path in release.path.iterdir()] == ["manifest.json"]
    require_untouched(elsewhere)


@pytest.mark.parametrize("name", ["staging", "releases"])
def test_folders_of_a_lake_that_are_links_are_refused(lake, elsewhere, name):
    next_release(lake)
    shutil.rmtree(lake.root / name) if name == "staging" else (lake.root / name).rename(
        lake.root / "old"
    )
    (lake.root / name).symlink_to(elsewhere.parent)
    with pytest.raises(InputError, match=f"{name} is a link, and a lake does not follow"):
        next_release(lake)
    require_untouched(elsewhere)


def test_keeping_deletes_releases_and_nothing_else_of_their_folder(lake, elsewhere):
    first, second = next_release(lake), next_release(lake)
    releases = lake.root / "releases"
    for name in ("backup", "20001121T031500Z-aaaaaaaa"):
        shutil.copytree(elsewhere, releases / name)
    (releases / "20001121T031500Z-bbbbbbbb").mkdir()
    (releases / "20001121T031500Z-cccccccc").symlink_to(elsewhere)
    (releases / "notes.txt").write_text("mine")
    assert lake.delete_all_but(1).releases == (first.id,)
    assert sorted(path.name for path in releases.iterdir()) == [
        "20001121T031500Z-aaaaaaaa", "20001121T031500Z-bbbbbbbb", "20001121T031500Z-cccccccc",
        second.id, "backup", "notes.txt",
    ]  # fmt: skip
    require_untouched(elsewhere)
    require_untouched(releases / "backup")
    with pytest.raises(InputError, match=r"has no manifest\.json, so it may not be a release"):
        lake.delete("20001121T031500Z-bbbbbbbb")
    for name in ("backup", "20001121T031500Z-cccccccc"):
        with pytest.raises(InputError, match="is not a release"):
            lake.delete(name)


@pytest.mark.parametrize(
    "target", ["../../elsewhere", "/etc", "releases/..", "notes", "{elsewhere}"]
)
def test_current_that_leads_out_of_the_lake_is_refused(lake, elsewhere, target):
    first = next_release(lake)
    (lake.root / "current").unlink()
    (lake.root / "current").symlink_to(target.format(elsewhere=elsewhere))
    with pytest.raises(InputError, match="which is not a release of this lake"):
        lake.release()
    with pytest.raises(InputError, match="which is not a release of this lake"):
        next_release(lake)
    lake.rollback(first.id)
    assert lake.release().id == first.id
    require_untouched(elsewhere)


def test_current_that_is_not_a_link_is_not_replaced(lake):
    first = next_release(lake)
    (lake.root / "current").unlink()
    shutil.copytree(first.path, lake.root / "current")
    with pytest.raises(InputError, match="current is not a link to a release: move it away"):
        lake.rollback(first.id)
    assert (lake.root / "current" / "manifest.json").is_file()


@pytest.mark.parametrize("name", ["../../elsewhere/" + RUN, RUN, "", "\udcff", "notes", "."])
def test_publishing_cannot_name_what_is_not_a_release(lake, elsewhere, name):
    first = next_release(lake)
    (lake.root / "releases" / RUN).symlink_to(elsewhere)
    (lake.root / "publishing").write_bytes(os.fsencode(name))
    second = next_release(lake)
    assert second.manifest.parent == first.id
    assert lake.release().id == second.id
    assert not (lake.root / "publishing").exists()
    require_untouched(elsewhere)


@pytest.mark.parametrize("name", ["publishing", "pinned", "seen.json", "current.next"])
def test_files_of_a_lake_that_are_links_go_as_links(lake, elsewhere, name):
    first = next_release(lake)
    (elsewhere / "name").write_text(first.id)
    (lake.root / name).symlink_to(elsewhere / "name")
    next_release(lake)
    lake.rollback(first.id)
    lake.resume()
    assert (elsewhere / "name").read_text() == first.id
    assert not (lake.root / name).is_symlink() or name == "seen.json"


def test_a_pin_that_leads_out_of_the_lake_is_damaged(lake, elsewhere):
    next_release(lake)
    out = "../../elsewhere/" + RUN
    (lake.root / "pinned").write_bytes(msgspec.json.encode({"release": out, "instead_of": out}))
    with pytest.raises(InputError, match="pinned is damaged"):
        next_release(lake)
    assert lake.release().path.parent == lake.root / "releases"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, "link"])
def test_a_lock_that_is_not_a_file_is_refused_and_a_link_keeps_its_target(lake, elsewhere, make):
    next_release(lake)
    lock = lake.root / "lock"
    lock.unlink()
    lock.symlink_to(elsewhere / "thesis.txt") if make == "link" else make(lock)
    with pytest.raises(InputError, match="lock is not a file, so it cannot be the lock"):
        next_release(lake)
    require_untouched(elsewhere)


def test_a_lock_file_with_another_content_locks_and_keeps_it(lake, elsewhere):
    next_release(lake)
    (lake.root / "lock").unlink()
    os.link(elsewhere / "thesis.txt", lake.root / "lock")
    with lake.writing(), pytest.raises(InputError, match="is being written by another process"):
        next_release(lake)
    next_release(lake)
    require_untouched(elsewhere)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_lock_that_is_a_folder_or_a_pipe_is_a_sentence(lake, make):
    next_release(lake)
    (lake.root / "lock").unlink()
    make(lake.root / "lock")
    with pytest.raises(InputError, match="lock is not a file"):
        next_release(lake)


def test_partial_files_of_a_dead_process_go_and_those_of_others_stay(lake):
    next_release(lake)
    names = [f".{name}.1-a.partial" for name in ("lake.json", "publishing", "pinned", "seen.json")]
    for name in (*names, ".notes.1-a.partial"):
        (lake.root / name).write_text("half")
    (lake.root / ".pinned.folder.partial").mkdir()
    next_release(lake)
    left = {path.name for path in lake.root.glob(".*")}
    assert left == {".notes.1-a.partial", ".pinned.folder.partial"}
