import pytest
from lake_runs import numbers, publish, source

from flows.lake import Lake
from flows.release import open_release
from schemas.errors import InputError


def test_a_folder_that_is_not_a_lake_is_refused_with_how_to_make_one(lake):
    with pytest.raises(InputError, match=r"lake is not a lake: `wardrobe demo` makes"):
        lake.release()
    with pytest.raises(InputError, match="is not a lake"):
        lake.release("2026")
    assert lake.releases() == []
    assert lake.parent() is None
    assert not lake.root.exists()


def test_a_release_is_found_by_the_start_of_its_id_when_that_is_unique(lake):
    first = publish(lake, source(numbers(1, 5)))
    second = publish(lake, source(numbers(1, 6)))
    assert [release.id for release in lake.releases()] == [second.id, first.id]
    assert lake.release("current").id == second.id
    assert lake.release(first.id).id == first.id
    assert lake.release(first.id[:-3]).id == first.id
    with pytest.raises(InputError, match=f"matches several releases.*{second.id}, {first.id}"):
        lake.release(first.id[:8])
    with pytest.raises(
        InputError, match=f"'1999' is not a release .*: try {second.id}, {first.id}"
    ):
        lake.release("1999")


def test_an_unknown_release_is_answered_with_the_nearest(lake):
    first = publish(lake, source(numbers(1, 5)))
    publish(lake, source(numbers(1, 6)))
    typed = first.id[:-2] + "zz"
    with pytest.raises(InputError, match=f"'{typed}' is not a release .*: try {first.id}"):
        lake.release(typed)


def test_a_release_stays_what_it_was_while_others_are_published(lake):
    publish(lake, source(numbers(1, 5)))
    reader = lake.release()
    before = reader.tables()
    publish(lake, source(numbers(1, 9)))
    assert reader.tables() == before
    assert all(path.is_file() for path in reader.files("items"))
    assert lake.release().id != reader.id


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "is damaged"),
        (b"{", "is damaged"),
        (b'{"format": 1, "release": 3}', r"is damaged .*\$\.release"),
        (b'{"format": 9}', "is in format 9, this version reads 1: use a newer"),
        (b"\xff\xfe", "is damaged"),
    ],
)
def test_a_damaged_manifest_is_one_sentence_that_names_it(lake, text, what):
    release = publish(lake, source(numbers(1, 5)))
    path = release.path / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(text)
    with pytest.raises(InputError, match=rf"manifest\.json {what}") as caught:
        _ = lake.release().manifest
    assert "\n" not in str(caught.value)
    assert [release.id for release in lake.releases()] == [release.id]


def test_a_missing_manifest_and_a_dangling_current_are_named(lake):
    release = publish(lake, source(numbers(1, 5)))
    release.path.chmod(0o755)
    (release.path / "manifest.json").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        _ = lake.release().manifest
    release.path.rename(release.path.with_name("elsewhere"))
    with pytest.raises(InputError, match=r"which does not exist: `wardrobe rollback ID`"):
        lake.release()


def test_current_that_is_not_a_link_is_refused(lake):
    lake.root.mkdir()
    (lake.root / "current").mkdir()
    with pytest.raises(InputError, match="is not a link to a release"):
        lake.release()


def test_a_lake_is_not_made_among_other_things(lake):
    lake.root.mkdir()
    (lake.root / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds other things and is not a lake"), lake.writing():
        pass
    assert [path.name for path in lake.root.iterdir()] == ["thesis.txt"]


def test_a_lake_is_not_made_where_a_file_is(lake):
    lake.root.write_text("")
    with pytest.raises(InputError, match="there is a file in the way"), lake.writing():
        pass


def test_releases_without_a_current_one_say_how_to_choose(lake):
    release = publish(lake, source(numbers(1, 5)))
    (lake.root / "current").unlink()
    with pytest.raises(InputError, match=f"none is current: `wardrobe rollback {release.id}`"):
        lake.release()
    lake.rollback(release.id)
    assert lake.release().id == release.id


def test_a_path_that_is_not_utf8_is_one_sentence(lake):
    publish(lake, source(numbers(1, 5)))
    folder = lake.root.with_name("lake\udcff")
    lake.root.rename(folder)
    for use in (Lake, open_release):
        with pytest.raises(InputError, match="is not UTF-8"):
            use(folder)
