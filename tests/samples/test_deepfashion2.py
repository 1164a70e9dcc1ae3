"""The synthetic DeepFashion2 source has the layout, documents and shares of the real one."""

import json
from collections import defaultdict
from io import BytesIO
from random import Random

import pytest
from PIL import Image

from flows.samples import write_deepfashion2
from flows.samples.deepfashion2_documents import document as document_of
from flows.samples.deepfashion2_products import products
from flows.samples.deepfashion2_scenes import SceneBuilder
from schemas.categories import category
from schemas.errors import InputError

ITEM_KEYS = [
    "segmentation", "scale", "viewpoint", "zoom_in", "landmarks", "style", "bounding_box",
    "category_id", "occlusion", "category_name",
]  # fmt: skip


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> list[dict]:
    """1,800 training documents, in the order of their numbers."""
    folder = tmp_path_factory.mktemp("documents")
    write_deepfashion2(folder, images=2000, pictures=False)
    return [json.loads(path.read_bytes()) for path in sorted((folder / "train/annos").iterdir())]


def items(document: dict) -> dict[str, dict]:
    return {key: value for key, value in document.items() if key.startswith("item")}


def all_items(documents: list[dict]) -> list[dict]:
    return [item for document in documents for item in items(document).values()]


def test_the_layout_is_the_authors_own_and_test_has_pictures_only(tmp_path):
    progress_calls: list[int] = []
    written = write_deepfashion2(tmp_path / "source", images=20, progress=progress_calls.append)
    assert written == {
        "train/annos": 16,
        "train/image": 16,
        "validation/annos": 2,
        "validation/image": 2,
        "test/image": 2,
    }
    assert progress_calls == list(range(1, 21))
    names = [path.name for path in sorted((tmp_path / "source/train/image").iterdir())]
    assert names == [f"{number:06d}.jpg" for number in range(1, 17)]
    assert not (tmp_path / "source/test/annos").exists()


def test_a_folder_that_holds_a_source_is_refused(tmp_path):
    write_deepfashion2(tmp_path, images=1, pictures=False)
    with pytest.raises(InputError, match="already holds train/"):
        write_deepfashion2(tmp_path, images=1)


def test_documents_are_one_line_with_keys_in_the_order_of_a_python_2_dict(tmp_path):
    written = write_deepfashion2(tmp_path, images=60, pictures=False)
    assert written == {"train/annos": 54, "validation/annos": 6}
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(paths) == 60
    for path in paths:
        text = path.read_text("ascii")
        assert "\n" not in text
        document = json.loads(text)
        assert text == json.dumps(document)
        if len(items(document)) == 2:
            assert list(document) == ["item2", "source", "pair_id", "item1"]
        assert sorted(items(document)) == [f"item{k + 1}" for k in range(len(items(document)))]
        for item in items(document).values():
            assert list(item) == ITEM_KEYS


@pytest.mark.slow
def test_every_item_has_the_landmarks_of_its_category(documents):
    for item in all_items(documents):
        declared = category("deepfashion2", item["category_id"])
        assert item["category_name"] == declared.name
        marks = item["landmarks"]
        assert len(marks) == 3 * declared.landmarks
        assert all(type(number) is int for number in marks)
        for x, y, seen in zip(marks[::3], marks[1::3], marks[2::3], strict=True):
            assert seen in (0, 1, 2)
            assert seen or (x, y) == (0, 0)


def test_every_document_has_an_item_with_a_labelled_landmark(documents):
    for document in documents:
        assert any(any(item["landmarks"][2::3]) for item in items(document).values())


def test_boxes_are_whole_numbers_that_hold_the_outline_but_for_a_pixel(documents):
    for item in all_items(documents):
        x1, y1, x2, y2 = item["bounding_box"]
        assert all(type(number) is int for number in item["bounding_box"])
        assert 0 <= x1 < x2 and 0 <= y1 < y2
        xs, ys = item["segmentation"][0][::2], item["segmentation"][0][1::2]
        assert x1 <= min(xs) and max(xs) <= x2 + 1
        assert y1 <= min(ys) and max(ys) <= y2 + 1


def test_outlines_are_ints_in_some_items_and_hundredths_in_others(documents):
    closed = {int: [0, 0], float: [0, 0]}
    for item in all_items(documents):
        kinds = {type(number) for polygon in item["segmentation"] for number in polygon}
        assert len(kinds) == 1
        for polygon in item["segmentation"]:
            assert len(polygon) % 2 == 0 and len(polygon) >= 8
            assert all(round(number, 2) == number for number in polygon)
        outline = item["segmentation"][0]
        closed[kinds.pop()][outline[:2] == outline[-2:]] += 1
    assert closed[int][0] == 0 and closed[int][1] > 0
    assert closed[float][0] > 0 and closed[float][1] > 0


def test_training_pictures_come_in_runs_of_one_pair_users_first(documents):
    runs: dict[int, list[str]] = defaultdict(list)
    order = []
    for document in documents:
        if not order or order[-1] != document["pair_id"]:
            order.append(document["pair_id"])
        runs[document["pair_id"]].append(document["source"])
    assert order == list(range(1, len(order) + 1))
    assert all(sources == sorted(sources, reverse=True) for sources in runs.values())


def test_other_splits_hold_all_consumers_before_all_shops(tmp_path):
    write_deepfashion2(tmp_path, images=1000, pictures=False)
    paths = sorted((tmp_path / "validation/annos").iterdir())
    sources = [json.loads(path.read_bytes())["source"] for path in paths]
    assert sources == sorted(sources, reverse=True) and set(sources) == {"user", "shop"}


def test_styles_have_gaps_orphans_and_zero(documents):
    seen: dict[tuple[int, int], set[str]] = defaultdict(set)
    for document in documents:
        for item in items(document).values():
            seen[document["pair_id"], item["style"]].add(document["source"])
    styles = defaultdict(set)
    for pair_id, style in seen:
        styles[pair_id].add(style)
    positive = {key: sources for key, sources in seen.items() if key[1] > 0}
    assert any(style == 0 for _, style in seen)
    assert any(len(sources) == 1 for sources in positive.values())
    assert any(len(sources) == 2 for sources in positive.values())
    assert any(max(numbers) > len(numbers - {0}) for numbers in styles.values())


def test_shares_are_near_the_published_ones(documents):
    rows = all_items(documents)
    assert {item["category_id"] for item in rows} == set(range(1, 14))
    assert 1.4 < len(rows) / len(documents) < 1.8
    published = {
        "scale": (26, 50, 24),
        "occlusion": (47, 47, 6),
        "zoom_in": (67, 21, 12),
        "viewpoint": (7, 78, 15),
    }
    for label, shares in published.items():
        measured = [100 * sum(i[label] == k for i in rows) / len(rows) for k in (1, 2, 3)]
        assert all(abs(a - b) < 14 for a, b in zip(measured, shares, strict=True)), (
            label,
            measured,
        )


def test_boxes_and_polygons_end_at_the_edges_of_the_picture():
    builder, rng = SceneBuilder(1, "train"), Random(1)
    at_edge = {"left": 0, "top": 0, "right": 0, "bottom": 0}
    for product, _, _ in products(builder.rng, 2000):
        scene = builder.scene(product, "user")
        for item in items(json.loads(document_of(scene, rng))).values():
            x1, y1, x2, y2 = item["bounding_box"]
            assert 0 <= x1 < x2 <= scene.width and 0 <= y1 < y2 <= scene.height
            for polygon in item["segmentation"]:
                assert min(polygon) >= 0
                assert max(polygon[::2]) <= scene.width and max(polygon[1::2]) <= scene.height
            at_edge["left"] += x1 == 0
            at_edge["top"] += y1 == 0
            at_edge["right"] += x2 == scene.width
            at_edge["bottom"] += y2 == scene.height
    assert min(at_edge.values()) >= 3, at_edge


def test_pictures_have_the_size_of_their_annotations(tmp_path):
    write_deepfashion2(tmp_path, images=12)
    for path in (tmp_path / "train/annos").iterdir():
        data = (tmp_path / "train/image" / f"{path.stem}.jpg").read_bytes()
        with Image.open(BytesIO(data)) as picture:
            picture.load()
            width, height = picture.size
        assert 3_000 < len(data) < 100_000
        for item in items(json.loads(path.read_bytes())).values():
            assert item["bounding_box"][2] <= width and item["bounding_box"][3] <= height
