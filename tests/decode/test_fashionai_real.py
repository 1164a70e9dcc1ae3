"""The real files: every row of the training set, test A with its answers, the real pictures."""

from collections import Counter

import pytest
from decoded_sources import Source, decode_source
from fashionai_rows import records, row_again

from flows.decode.fashionai import FASHIONAI
from flows.decode.fashionai.duplicates import deduplicate
from flows.decode.fashionai.rows import read_rows
from schemas.errors import InputError

TRAIN = "train/Annotations/train.csv"
LIST = "r1_test_a/test.csv"
ANSWERS = "r1_test_a/fashionAI_key_points_test_a_answer_20180426.csv"
SUBMISSION = "r1_test_a/submission_noheader.csv"
SAMPLE = "samples/train_13rows.csv"
LOST = "Images/skirt/7c3ed30cf6f34e42d43d9e30886969f5.jpg"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(real_data) -> dict[str, bytes]:
    folder = real_data / "fashionai"
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def everything(files) -> Source:
    return decode_source(FASHIONAI, files)


@pytest.fixture(scope="module")
def images(everything) -> dict[str, list[dict]]:
    by_split: dict[str, list[dict]] = {"train": [], "test_a": []}
    for image in everything.images:
        by_split[image["split"]].append(image)
    return by_split


def test_every_row_of_both_sets_is_read_and_none_refused(everything, images):
    assert {split: len(rows) for split, rows in images.items()} == {"train": 31631, "test_a": 9996}
    assert everything.rejections == []
    assert everything.documents_read == everything.items_read == 31631 + 9996
    assert set(everything.arranged.ignored) == {SUBMISSION, SAMPLE}


def test_categories_are_as_often_as_published(images):
    names = ("blouse", "outwear", "trousers", "dress", "skirt")
    for split, counts in (
        ("train", (7158, 5596, 6347, 4912, 7618)),
        ("test_a", (1977, 2043, 1958, 2038, 1980)),
    ):
        categories = Counter(image["items"][0]["category_name"] for image in images[split])
        assert categories == dict(zip(names, counts, strict=True))


def test_visibility_is_as_often_as_counted_in_the_file(images):
    words = Counter(
        point["visibility"] for image in images["train"] for point in image["items"][0]["landmarks"]
    )
    landmarks = sum(words.values())
    assert (words["visible"], words["occluded"]) == (250762, 47617)
    # The file has 24 columns per row; those of other categories are not landmarks.
    assert words["unlabelled"] + 24 * 31631 - landmarks == 460765


@pytest.mark.parametrize(("split", "name"), [("train", TRAIN), ("test_a", ANSWERS)])
def test_every_row_is_written_back_to_the_letter(images, files, split, name):
    annotated = [image for image in images[split] if image["annotated"]]
    assert sorted(map(row_again, annotated)) == sorted(map(",".join, records(files[name])))


def test_the_row_the_answers_lost_is_an_image_without_landmarks(images):
    (image,) = [image for image in images["test_a"] if not image["annotated"]]
    assert image["file_name"] == LOST
    assert image["document"] == LIST
    assert image["items"][0]["landmarks"] == []


def test_366_images_are_in_both_sets_with_the_same_landmarks(images):
    train = {image["image_id"]: image["items"][0]["landmarks"] for image in images["train"]}
    both = [image for image in images["test_a"] if image["image_id"] in train]
    assert len(both) == 366
    assert all(image["items"][0]["landmarks"] == train[image["image_id"]] for image in both)


def test_points_on_the_very_edge_and_missing_normalisers_are_kept(images):
    points = [p for image in images["train"] for p in image["items"][0]["landmarks"]]
    assert any(p["x"] == 0 or p["y"] == 0 for p in points)
    assert max(p["x"] or 0 for p in points) <= 512
    lacking = [image for image in images["test_a"] if image["annotated"] and lacks(image)]
    assert len(lacking) == 53


def lacks(image) -> bool:
    """Whether a point of the evaluation's normaliser is absent."""
    (item,) = image["items"]
    places = {"blouse": (5, 6), "outwear": (4, 5), "dress": (5, 6)}.get(
        item["category_name"], (0, 1)
    )
    return any(item["landmarks"][place]["visibility"] == "unlabelled" for place in places)


def test_the_real_pictures_are_found_where_their_rows_say(images, everything):
    ok = [image["file_name"] for image in everything.images if image["image_status"] == "ok"]
    assert len(ok) == 4
    assert everything.arranged.pictures == {
        "train": "train/{file_name}",
        "test_a": "r1_test_a/{file_name}",
    }


def test_a_submission_is_not_mistaken_for_annotations(files):
    with pytest.raises(InputError, match="already a row, as in submissions"):
        decode_source(FASHIONAI, {"s.csv": files[SUBMISSION]}, "test_a")
    lines = files[TRAIN].split(b"\n")[:1] + files[SUBMISSION].split(b"\n")[:1000]
    rows = read_rows("s.csv", b"\n".join(lines))
    assert Counter(row.reason and row.reason.rule for row in rows) == {"bad_cell": 1000}


def test_a_merged_table_keeps_one_of_each_row(files):
    answers = files[ANSWERS].split(b"\n")
    names = {line.partition(b",")[0] for line in answers[1:]}
    common = [line for line in files[TRAIN].split(b"\n")[1:] if line.partition(b",")[0] in names]
    rows = deduplicate(read_rows("train.csv", b"\n".join([*answers, *common])))
    assert Counter(row.reason.rule for row in rows.rows if row.reason) == {"exact_duplicate": 366}
    assert len(rows.images) == 9995


def test_thirteen_rows_with_an_empty_last_line(files):
    source = decode_source(FASHIONAI, {"train_13rows.csv": files[SAMPLE]})
    assert (len(source.images), source.rejections) == (13, [])
