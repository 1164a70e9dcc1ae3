"""COCO files in the local layout, by task, and of sources without a converter."""

import pytest
from builders import items_of, made_up_documents, tables_of
from coco_text import coco_file
from releases import write_files

from flows.exports.coco.layout import CocoOptions
from schemas.categories import CATEGORIES

pytestmark = pytest.mark.slow


FIRST, SECOND = 0x0A0A0A0A0A0A0, 0xF0F0F0F0F0F0F
"""Numbers of FashionAI's images have up to 52 bits."""


@pytest.fixture(scope="module")
def documents():
    return made_up_documents(3)


@pytest.fixture(scope="module")
def files(tmp_path_factory, documents):
    return write_files(tmp_path_factory.mktemp("lake"), **tables_of(documents))


def test_each_category_has_its_own_landmarks_and_outline(files):
    file = coco_file(files, CocoOptions(layout="local"))
    skirt = file["categories"][8]
    assert skirt == {
        "id": 9,
        "name": "skirt",
        "supercategory": "clothes",
        "keypoints": ["1", "2", "3", "4", "5", "6", "7", "8"],
        "skeleton": [[1, 4], [2, 1], [3, 2], [4, 5], [5, 6], [6, 7], [7, 8], [8, 3]],
    }
    assert [len(category["skeleton"]) for category in file["categories"]] == [
        len(category.edges) for category in CATEGORIES["deepfashion2"]
    ]


def test_landmarks_are_written_back_as_the_document_had_them(files, documents):
    file = coco_file(files, CocoOptions(layout="local"))
    items = [item for document in documents.values() for _, item in items_of(document)]
    assert [record["keypoints"] for record in file["annotations"]] == [
        item["landmarks"] for item in items
    ]
    assert all(isinstance(number, int) for number in file["annotations"][0]["keypoints"])


def test_labels_are_kept_in_words(files, documents):
    file = coco_file(files, CocoOptions(layout="local"))
    first = file["annotations"][0]
    number, item = items_of(documents[1])[0]
    assert first["item_no"] == number
    assert (first["pair_id"], first["style"]) == (documents[1]["pair_id"], item["style"])
    assert first["attributes"] == {
        "scale": ("small", "modest", "large")[item["scale"] - 1],
        "occlusion": ("slight", "medium", "heavy")[item["occlusion"] - 1],
        "zoom_in": ("no_zoom", "medium", "large")[item["zoom_in"] - 1],
        "viewpoint": ("no_wear", "frontal", "side_or_back")[item["viewpoint"] - 1],
        "source": documents[1]["source"],
    }
    assert file["images"][0]["source"] == documents[1]["source"]
    assert file["images"][0]["image_status"] == "ok"


@pytest.mark.parametrize("layout", ["official", "local"])
@pytest.mark.parametrize(
    ("task", "present", "absent"),
    [
        ("detection", set(), {"keypoints", "num_keypoints", "segmentation"}),
        ("landmarks", {"keypoints", "num_keypoints"}, {"segmentation"}),
        ("segmentation", {"segmentation"}, {"keypoints", "num_keypoints"}),
        ("all", {"keypoints", "num_keypoints", "segmentation"}, set()),
    ],
)
def test_a_task_leaves_out_what_it_does_not_need(files, layout, task, present, absent):
    file = coco_file(files, CocoOptions(layout=layout, task=task))
    for record in file["annotations"]:
        assert present <= set(record) and not absent & set(record)
    assert all(
        ("skeleton" in category) == ("keypoints" in present) for category in file["categories"]
    )


@pytest.fixture(scope="module")
def fashionai(tmp_path_factory):
    """A skirt with a labelled, an occluded and two absent points, and a skirt without points."""
    key = {"dataset": "fashionai", "split": "train"}
    points = [(10, 20, "visible"), (100, 25, "occluded"), *[(None, None, "unlabelled")] * 6]
    places = [(FIRST, number) for number in range(1, 5)] + [(SECOND, n) for n in range(1, 5)]
    picture = key | {"width": 400, "height": 512}
    return write_files(
        tmp_path_factory.mktemp("fashionai"),
        images=[picture | {"image_id": number} for number in (FIRST, SECOND)],
        items=[key | {"image_id": number, "category_id": 4} for number in (FIRST, SECOND)],
        landmarks=[
            key | {"image_id": image_id, "landmark_no": number, "x": x, "y": y, "visibility": word}
            for (image_id, number), (x, y, word) in zip(places, points, strict=True)
        ],
    )


def test_a_box_the_source_lacks_comes_from_its_labelled_landmarks(fashionai):
    first, second = coco_file(fashionai, CocoOptions(), dataset="fashionai")["annotations"]
    assert (first["bbox"], first["area"], first["bbox_from"]) == ([10, 20, 90, 5], 450, "landmarks")
    assert (second["bbox"], second["bbox_from"]) == ([0, 0, 400, 512], "picture")
    assert not {"segmentation", "style", "pair_id"} & set(first)
    assert first["image_id"] == FIRST


def test_fashionai_has_its_24_points_in_the_official_layout_and_its_own_in_the_local(fashionai):
    official = coco_file(fashionai, CocoOptions(), dataset="fashionai")
    assert official["annotations"][0]["keypoints"] == (
        [0] * 45 + [10, 20, 2, 100, 25, 1, 0, 0, 0, 0, 0, 0] + [0] * 15
    )
    assert official["categories"][3]["keypoints"][15:17] == ["waistband_left", "waistband_right"]
    local = coco_file(fashionai, CocoOptions(layout="local"), dataset="fashionai")
    assert local["annotations"][0]["keypoints"] == [10, 20, 2, 100, 25, 1, 0, 0, 0, 0, 0, 0]
    assert local["annotations"][1]["num_keypoints"] == 0
    ends = [f"{edge}_{side}" for edge in ("waistband", "hemline") for side in ("left", "right")]
    assert local["categories"][3]["keypoints"] == ends


def test_a_source_without_boxes_and_landmarks_has_the_whole_picture(tmp_path):
    key = {"dataset": "fashion-mnist", "image_id": 0}
    files = write_files(
        tmp_path,
        images=[key | {"width": 28, "height": 28}],
        items=[key | {"category_id": 9, "category_name": "Ankle boot"}],
    )
    file = coco_file(files, CocoOptions(), dataset="fashion-mnist")
    assert file["annotations"] == [
        {
            "id": 1,
            "image_id": 0,
            "category_id": 9,
            "bbox": [0, 0, 28, 28],
            "area": 784,
            "bbox_from": "picture",
            "iscrowd": 0,
        }
    ]
    assert file["categories"][0] == {"id": 0, "name": "T-shirt/top", "supercategory": "clothes"}


def test_an_unknown_size_is_left_out_and_never_written_as_zero(tmp_path):
    documents = made_up_documents(3)
    documents[2] |= {"width": None, "height": None}
    file = coco_file(write_files(tmp_path, **tables_of(documents)))
    assert not {"width", "height"} & set(file["images"][1])
