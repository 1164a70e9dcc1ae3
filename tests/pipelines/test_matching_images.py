"""Images of a filter: their order, positions of keys, and neighbours across splits."""

import pyarrow as pa

from flows.lake import open_lake
from flows.pipelines.matching_images import MatchingImages, declared_splits

PLACES = [("d", "train"), ("d", "validation"), ("d", "test"), ("e", "train")]

KEYS = [
    *(("d", "test", number) for number in (1, 4)),
    *(("d", "train", number) for number in (9, 2, 5)),
    ("e", "train", 3),
    ("f", "train", 1),
]

IN_ORDER = [("d", "train", 2), ("d", "train", 5), ("d", "train", 9)]
IN_ORDER += [("d", "test", 1), ("d", "test", 4), ("e", "train", 3)]


def matches(keys=KEYS) -> MatchingImages:
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
    arrays = [pa.array(columns[0], "string"), pa.array(columns[1], "string")]
    table = pa.table([*arrays, pa.array(columns[2], "int64")], ["dataset", "split", "image_id"])
    return MatchingImages.of(PLACES, table)


def test_images_are_in_the_order_of_splits_as_declared_then_by_number():
    images = matches()
    assert len(images) == 6 and images.keys(0, 99) == IN_ORDER
    assert images.keys(-5, 2) == IN_ORDER[:2] and images.keys(4, 9) == IN_ORDER[4:]
    assert images.nbytes == 6 * 8
    assert matches([]).keys(0, 9) == []


def test_rows_for_a_download_are_sorted_by_key():
    rows = matches().table()
    assert [tuple(row.values()) for row in rows.to_pylist()] == sorted(IN_ORDER)
    assert matches([]).table().schema == rows.schema


def test_a_key_has_a_position_whether_it_matches_or_not():
    images = matches()
    for number, key in enumerate(IN_ORDER):
        assert (images.position(key, "left"), images.position(key, "right")) == (number, number + 1)
    assert images.position(("d", "train", 6), "left") == images.position(("d", "train", 6), "right")
    assert images.position(("d", "validation", 1), "right") == 3
    assert images.position(("x", "y", 1), "left") == 6


def test_neighbours_go_on_in_the_next_split():
    images = matches()
    for key, before, after in zip(IN_ORDER[1:], IN_ORDER, IN_ORDER[2:], strict=False):
        assert images.neighbours(key) == (before, after)
    assert images.neighbours(IN_ORDER[0]) == (None, IN_ORDER[1])
    assert images.neighbours(IN_ORDER[-1]) == (IN_ORDER[-2], None)
    assert images.neighbours(("d", "validation", 7)) == (IN_ORDER[2], IN_ORDER[3])


def test_images_of_two_filters():
    others = matches([("d", "train", 5), ("d", "train", 6), ("e", "train", 3)])
    assert matches().and_of(others).keys(0, 9) == [("d", "train", 5), ("e", "train", 3)]


def test_splits_of_a_release_are_in_the_declared_order(lake):
    places = declared_splits(open_lake(lake).release(None))
    assert places[:3] == [("deepfashion2", split) for split in ("train", "validation", "test")]
    assert [dataset for dataset, _ in places] == sorted(
        (dataset for dataset, _ in places),
        key=["deepfashion2", "fashionai", "fashion-mnist"].index,
    )
