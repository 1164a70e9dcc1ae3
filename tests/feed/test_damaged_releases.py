"""Feeds over damaged releases: InputError that names the file, whatever the damage."""

import pytest
from damaged_lakes import DAMAGE, MANIFEST, copy_of, damage_release
from ingesting import ingested

from flows.feed import Feed, IdentityBatches
from schemas.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def embedded(folder, tmp_path_factory):
    """A lake that holds its pictures."""
    lake = tmp_path_factory.mktemp("embedded") / "lake"
    ingested("deepfashion2", folder / "deepfashion2", lake, embed_images=True)
    return lake


def read_all(lake, cache) -> None:
    """Read everything of a split that a feed can give."""
    for task in ("landmarks", "segmentation"):
        for _ in Feed(lake, "deepfashion2", "train", task=task, size=32, cache=cache):
            pass
    pairs = Feed(lake, "deepfashion2", "train", task="retrieval", size=32, cache=cache)
    IdentityBatches(pairs, identities=2, items=2)


def test_a_whole_release_is_read(embedded, tmp_path):
    read_all(embedded, tmp_path / "cache")


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize(
    "table", ["images", "items", "landmarks", "polygons", "pairs", "pictures", MANIFEST]
)
def test_damage_is_an_input_error_that_names_the_file(table, kind, embedded, tmp_path):
    lake = copy_of(embedded, tmp_path / "lake")
    damaged = damage_release(lake, kind, table)
    with pytest.raises(InputError) as caught:
        read_all(lake, tmp_path / "cache")
    assert "\n" not in str(caught.value)
    if (table, kind) != (MANIFEST, "missing"):  # then nothing says that it is a release
        assert any(str(path) in str(caught.value) for path in damaged)


def test_lists_can_be_read_before_items(embedded, tmp_path):
    """Each array file is made under one lock, which its own parents must not wait for."""
    for name in ("polygons", "landmarks", "items"):
        feed = Feed(embedded, "deepfashion2", "train", cache=tmp_path / name)
        assert getattr(feed.index, name)
