"""Writers of lakes on object storage: ended anywhere, unanswered, and several at a time."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from lake_runs import fill, numbers, publish, source
from object_lakes import FIRST, ROOT, SECOND, assert_whole, own_keys
from object_stores import retry_often, use_store

from flows.lake import LakeBusy
from flows.lake import object_lake as commands
from flows.lake import object_runs as runs
from flows.lake.object_runs import write_pointer
from flows.release.pointer import read_pointer
from flows.storage.objects import ObjectPath, StoreError
from schemas.errors import InputError


@pytest.mark.slow
def test_a_run_may_end_after_any_write(object_lake, stub, monkeypatch):
    retry_often(monkeypatch, 0)
    first = publish(object_lake, FIRST)
    stub.reset()
    second = publish(object_lake, SECOND)
    writes = sum(stub.requests[method] for method in ("PUT", "COPY", "POST"))
    object_lake.rollback(first.id)
    object_lake.resume()
    object_lake.delete(second.id)
    clean = dict(stub.objects)
    published = 0
    for write in (0, 1, writes // 2, *range(writes - 5, writes)):  # all: tests/faults
        stub.objects = dict(clean)
        stub.end_after = write
        with suppress(StoreError):  # not of the last write, after which there is nothing to say
            publish(object_lake, SECOND)
        stub.end_after = None
        current = object_lake.release()
        published += current.id != first.id
        assert object_lake.verify(current.id) == []
        assert {release.id for release in object_lake.releases()} == {first.id, current.id}
        # The next run is of another process, and this one counts as dead.
        monkeypatch.setattr(runs.Holder, "was_killed", True)
        again = publish(object_lake, SECOND)
        assert again.manifest.content == second.manifest.content
        assert_whole(object_lake, again, first)
        monkeypatch.undo()
        use_store(monkeypatch, stub.url)
        retry_often(monkeypatch, 0)
    assert published == 1  # its mark remained


def test_answers_that_are_lost_do_not_lose_releases(object_lake, stub, monkeypatch):
    stub.lost, stub.busy = 0.3, 0.1
    retry_often(monkeypatch, 50)
    members = numbers(1, 5)
    for run in range(4):
        release = publish(object_lake, source(members | {1: "x" * (run + 1)}))
        assert object_lake.release().id == release.id
    stub.lost = stub.busy = 0.0
    assert_whole(object_lake, *object_lake.releases())
    assert len(object_lake.releases()) == 4


def test_a_pointer_that_was_replaced_again_is_known_to_have_been_written(object_lake, stub):
    publish(object_lake, FIRST)
    before = read_pointer(ROOT)
    write_if = ObjectPath.write_if

    def overtaken(path, data, condition=None):
        """Applied, the answer lost, and replaced by another writer before it is read back."""
        assert write_if(path, data, condition)
        pytest.MonkeyPatch.undo(patch)
        assert write_pointer(ROOT, read_pointer(ROOT), "clean", None)
        return None

    patch = pytest.MonkeyPatch()
    patch.setattr(ObjectPath, "write_if", overtaken)
    assert write_pointer(ROOT, before, "clean", None)
    assert not write_pointer(ROOT, before, "clean", None)


def race(lake, race: int, writers: int) -> list:
    """Releases of the winners when several writers publish at the same time."""

    def run(writer: int):
        members = numbers(1, 12) | {1: "x" * (writer + 2 + writers * race)}
        try:
            return publish(lake, source(members))
        except LakeBusy as busy:
            assert re.search("changed by another writer|being written", str(busy))
            return None

    with ThreadPoolExecutor(writers) as pool:
        return [release for release in pool.map(run, range(writers)) if release]


@pytest.mark.slow
def test_of_writers_that_do_not_see_each_other_one_publishes(object_lake, stub, monkeypatch):
    monkeypatch.setattr(runs, "repeat_while_written", lambda *_, **__: [])
    last = publish(object_lake, source(numbers(1, 12)))
    releases = [last]
    for number in range(5):
        winners = race(object_lake, number, 3)
        # More than one only if the second began when the first had published.
        chain = sorted(winners, key=lambda release: release.id)
        assert chain
        for release in chain:
            assert release.manifest.parent == last.id
            last = release
            releases.insert(0, release)
        assert object_lake.release().id == last.id
    assert_whole(object_lake, *releases)


def test_a_writer_waits_for_the_one_before_it(object_lake, stub):
    first = publish(object_lake, FIRST)
    messages = []
    with object_lake.writing() as staging:
        with pytest.raises(LakeBusy, match=r"is being written by `.*\(process \d+ on .*--wait"):
            publish(object_lake, SECOND)
        with (
            pytest.raises(LakeBusy),
            object_lake.writing(wait=1.1, waiting=messages.append),
        ):
            pass
        for command in (object_lake.rollback, object_lake.delete):
            with pytest.raises(LakeBusy, match="is being written by `"):
                command(first.id)
        assert object_lake.writer() is not None
        fill(staging, SECOND)
        second = staging.publish(parameters={})
    assert len(messages) == 1 and "waiting for it" in messages[0]
    assert object_lake.writer() is None and object_lake.release().id == second.id


def test_a_slow_run_that_was_taken_for_dead_publishes_nothing(object_lake, stub, monkeypatch):
    first = publish(object_lake, FIRST)
    with object_lake.writing() as slow:
        fill(slow, SECOND)
        with monkeypatch.context() as patch:
            patch.setattr(runs, "DEAD_AFTER", timedelta(seconds=-1))
            assert publish(object_lake, FIRST).id == first.id  # it publishes nothing either
        with pytest.raises(LakeBusy, match="changed by another writer meanwhile"):
            slow.publish(parameters={})
    assert_whole(object_lake, first)
    assert publish(object_lake, SECOND).manifest.parent == first.id


def test_marks_are_renewed_while_a_run_works(object_lake, stub, monkeypatch):
    monkeypatch.setattr(runs, "RENEWED_EVERY", 0.02)
    with object_lake.writing():
        before = stub.requests["PUT"]
        while stub.requests["PUT"] < before + 3:
            pass
    assert own_keys(stub) == {"lake.json", "current.json"}


def test_a_release_is_not_deleted_and_rolled_back_to_at_once(object_lake, stub, monkeypatch):
    first, second = publish(object_lake, FIRST), publish(object_lake, SECOND)
    find = commands.find_release

    def deleted_meanwhile(root, name):
        release = find(root, name)
        monkeypatch.undo()
        use_store(monkeypatch, stub.url)
        object_lake.delete(first.id)
        return release

    monkeypatch.setattr(commands, "find_release", deleted_meanwhile)
    with pytest.raises((LakeBusy, InputError)):
        object_lake.rollback(first.id)
    assert_whole(object_lake, second)
    third = publish(object_lake, FIRST)

    write = commands.write_pointer

    def rolled_back_meanwhile(root, before, *change):
        monkeypatch.undo()
        use_store(monkeypatch, stub.url)
        assert write(root, before, f"rollback {second.id}", second.id, third.id)
        return write(root, before, *change)

    monkeypatch.setattr(commands, "write_pointer", rolled_back_meanwhile)
    with pytest.raises(LakeBusy, match="changed by another writer"):
        object_lake.delete(second.id)
    assert object_lake.release().id == second.id
    assert_whole(object_lake, third, second)


def test_without_an_answer_nothing_is_removed(object_lake, stub, monkeypatch):
    first = publish(object_lake, FIRST)
    write_if = ObjectPath.write_if

    def unanswered(path, data, etag=None):
        written = write_if(path, data, etag)
        if path.name == "current.json":
            raise StoreError(f"{path}: the store failed (it cannot be reached).")
        return written

    monkeypatch.setattr(ObjectPath, "write_if", unanswered)
    with pytest.raises(StoreError, match=r"whether .* was published is not known"):
        publish(object_lake, SECOND)
    monkeypatch.undo()
    use_store(monkeypatch, stub.url)
    second = object_lake.release()
    assert second.id != first.id and object_lake.verify() == []
    monkeypatch.setattr(runs.Holder, "was_killed", True)
    assert publish(object_lake, SECOND).id == second.id
    assert_whole(object_lake, second, first)
