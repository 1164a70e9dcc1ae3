"""The FashionAI sample: the archives' own layout, the same bytes again, and the source's quirks."""

import pytest
from decoded_sources import decode_source
from fashionai_rows import HEADER, OWN
from PIL import Image

from flows.decode.fashionai import FASHIONAI
from flows.samples.fashionai import write_fashionai

ANSWERS = "r1_test_a/fashionAI_key_points_test_a_answer_20180426.csv"


def files_below(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "fashionai"
    assert write_fashionai(folder, images=40, seed=5) == {
        "train/Images": 32,
        "r1_test_a/Images": 8,
    }
    return folder


@pytest.fixture(scope="module")
def decoded(folder):
    return decode_source(FASHIONAI, files_below(folder))


@pytest.mark.slow
def test_every_image_is_accepted_and_has_its_picture(decoded):
    assert (len(decoded.images), decoded.rejections, decoded.arranged.ignored) == (40, [], ())
    assert {image["image_status"] for image in decoded.images} == {"ok"}


def test_all_categories_are_there_with_points_seen_hidden_and_cut_off(decoded):
    train = [image for image in decoded.images if image["split"] == "train"]
    items = [image["items"][0] for image in train]
    assert {item["category_name"] for item in items} == set(OWN)
    points = [point for item in items for point in item["landmarks"]]
    words = [point["visibility"] for point in points]
    assert words.count("visible") > words.count("occluded") > words.count("unlabelled") > 0


def test_points_lie_within_pictures_whose_long_side_is_512(decoded, folder):
    for image in decoded.images:
        root = "train" if image["split"] == "train" else "r1_test_a"
        with Image.open(folder / root / image["file_name"]) as picture:
            width, height = picture.size
        assert max(width, height) == 512
        for point in image["items"][0]["landmarks"]:
            if point["x"] is not None:
                assert 0 <= point["x"] <= width and 0 <= point["y"] <= height


def test_the_tables_are_written_as_the_source_writes_them(folder):
    train = (folder / "train/Annotations/train.csv").read_bytes()
    answers = (folder / ANSWERS).read_bytes()
    assert train.startswith(HEADER.encode() + b"\n") and train.endswith(b"\n")
    assert not answers.endswith(b"\n")
    assert (folder / "r1_test_a/test.csv").read_bytes().startswith(b"image_id,image_category\n")


def test_one_image_is_in_both_sets_and_the_answers_lost_a_skirt(decoded):
    by_split = {"train": {}, "test_a": {}}
    for image in decoded.images:
        by_split[image["split"]][image["image_id"]] = image
    both = by_split["train"].keys() & by_split["test_a"].keys()
    assert len(both) == 1
    (shared,) = both
    assert (
        by_split["train"][shared]["items"][0]["landmarks"]
        == (by_split["test_a"][shared]["items"][0]["landmarks"])
    )
    (lost,) = [image for image in decoded.images if not image["annotated"]]
    assert lost["items"][0]["category_name"] == "skirt"
