"""FashionAI and Fashion-MNIST, the real files, in the lake: rows and values as in the files."""

import gzip
import io
import shutil

import numpy as np
import pytest
from command_line import is_one_sentence, wardrobe
from fashionai_rows import ABSENT, CODES, OWN, records
from ingesting import ingested, rows_of
from PIL import Image

from flows.lake import Lake

ANSWERS = "r1_test_a/fashionAI_key_points_test_a_answer_20180426.csv"
SUBMISSION = "r1_test_a/submission_noheader.csv"
LOST = "Images/skirt/7c3ed30cf6f34e42d43d9e30886969f5.jpg"


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fashionai(real_data, tmp_path_factory):
    """The lake of train.csv, test.csv with its answers and the pictures that are there."""
    lake = tmp_path_factory.mktemp("fashionai") / "lake"
    summary = ingested("fashionai", real_data / "fashionai", lake, verify_images=True)
    assert summary.release, summary.sentence
    return summary, lake


def test_every_row_of_the_training_set_and_of_test_a_is_an_image_with_its_item(fashionai):
    _, lake = fashionai
    rows = rows_of(
        lake,
        "select split, category_name, count(*), count(x1) from images "
        "join items using (dataset, split, image_id) group by all order by all",
    )
    assert {(split, name): (count, boxes) for split, name, count, boxes in rows} == {
        ("train", "blouse"): (7158, 0),
        ("train", "outwear"): (5596, 0),
        ("train", "trousers"): (6347, 0),
        ("train", "dress"): (4912, 0),
        ("train", "skirt"): (7618, 0),
        ("test_a", "blouse"): (1977, 0),
        ("test_a", "outwear"): (2043, 0),
        ("test_a", "trousers"): (1958, 0),
        ("test_a", "dress"): (2038, 0),
        ("test_a", "skirt"): (1980, 0),
    }
    assert rows_of(lake, "select count(*) from rejections") == [(0,)]
    counts = {"documents_read": 41_627, "documents_refused": 0, "items_read": 41_627}
    assert counts.items() <= Lake(lake).release().manifest.runs.items()


def test_visibility_is_as_often_as_counted_in_the_file(fashionai):
    _, lake = fashionai
    rows = rows_of(
        lake,
        "select visibility, count(*) from landmarks where split = 'train' group by all order by 1",
    )
    own = sum(len(OWN[name]) * count for name, count in OF_TRAIN.items())
    absent = 460_765 - (24 * 31_631 - own)
    assert rows == [("occluded", 47_617), ("unlabelled", absent), ("visible", 250_762)]


OF_TRAIN = {"blouse": 7158, "outwear": 5596, "trousers": 6347, "dress": 4912, "skirt": 7618}


@pytest.mark.parametrize(
    ("split", "name"), [("train", "train/Annotations/train.csv"), ("test_a", ANSWERS)]
)
def test_the_rows_of_the_csv_come_back_from_the_lake_to_the_letter(
    split, name, fashionai, real_data
):
    _, lake = fashionai
    rows = rows_of(
        lake,
        "select file_name, category_name, list(x order by landmark_no), "
        "list(y order by landmark_no), list(visibility order by landmark_no) "
        "from images join items using (dataset, split, image_id) "
        "join landmarks using (dataset, split, image_id, item_no) "
        f"where split = '{split}' group by all",
    )
    back = sorted(csv_row(*row) for row in rows)
    assert back == sorted(map(",".join, records((real_data / "fashionai" / name).read_bytes())))


def csv_row(file_name, category, xs, ys, words) -> str:
    """An image of the lake as the CSV row it came from."""
    cells = [ABSENT] * 24
    for slot, x, y, word in zip(OWN[category], xs, ys, words, strict=True):
        if x is not None:
            cells[slot] = f"{x:.0f}_{y:.0f}_{CODES[word]}"
    return ",".join([file_name, category, *cells])


def test_the_row_the_answers_lost_is_an_image_that_is_not_annotated(fashionai):
    _, lake = fashionai
    rows = rows_of(lake, "select split, file_name from images where not annotated")
    assert rows == [("test_a", LOST)]
    landmarks = rows_of(
        lake,
        "select count(landmark_no) from images left join landmarks "
        f"using (dataset, split, image_id) where file_name = '{LOST}'",
    )
    assert landmarks == [(0,)]


def test_the_real_pictures_are_measured_and_the_missing_ones_said(fashionai):
    summary, lake = fashionai
    rows = rows_of(
        lake,
        "select split, file_name, width, height, length(sha256) from images "
        "where image_status = 'ok' order by all",
    )
    assert [(split, name.split("/")[1], *rest) for split, name, *rest in rows] == [
        ("test_a", "blouse", 512, 512, 64),
        ("train", "outwear", 512, 512, 64),
        ("train", "skirt", 384, 512, 64),
        ("train", "trousers", 512, 512, 64),
    ]
    notes = "\n".join(summary.warnings)
    assert "missing_pictures: 41,623 rows" in notes
    assert "leakage: 366 rows" in notes
    assert f"ignored, not part of this data set: {SUBMISSION}, samples/" in notes


def test_a_list_without_answers_gives_images_and_items_without_landmarks(real_data, tmp_path):
    source = tmp_path / "r1_test_a"
    source.mkdir()
    shutil.copy(real_data / "fashionai" / "r1_test_a" / "test.csv", source)
    unnamed = ingested("fashionai", source, tmp_path / "unnamed")
    assert "test.csv does not say which test set it is" in unnamed.warnings[0]
    named = ingested("fashionai", source, tmp_path / "named", splits=["test_a"])
    assert "does not say" not in "".join(named.warnings)
    for lake, split in (("unnamed", "test"), ("named", "test_a")):
        rows = rows_of(
            tmp_path / lake,
            "select split, annotated, count(*), (select count(*) from landmarks) from images "
            "join items using (dataset, split, image_id) group by all",
        )
        assert rows == [(split, False, 9_996, 0)]


def test_both_published_label_files_come_back(real_data, tmp_path):
    folder = real_data / "fashion-mnist" / "data"
    ingested("fashion-mnist", folder, tmp_path / "lake")
    for split, prefix, first in (
        ("train", "train", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        ("test", "t10k", [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
    ):
        rows = rows_of(
            tmp_path / "lake",
            f"select category_id from items where split = '{split}' order by image_id",
        )
        codes = [code for (code,) in rows]
        published = (folder / "fashion" / f"{prefix}-labels-idx1-ubyte.gz").read_bytes()
        assert codes[:10] == first
        assert bytes(codes) == gzip.decompress(published)[8:]


def test_the_valid_subset_comes_back_to_the_byte(real_data, tmp_path):
    folder = real_data / "fashion-mnist" / "subset"
    ingested("fashion-mnist", folder, tmp_path / "lake")
    rows = rows_of(
        tmp_path / "lake",
        "select image.bytes, category_id from pictures "
        "join items using (dataset, split, image_id) order by image_id",
    )
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data))) for data, _ in rows])
    codes = np.array([code for _, code in rows], np.uint8)
    images, labels = (
        gzip.decompress((folder / f"train-{name}-ubyte.gz").read_bytes())
        for name in ("images-idx3", "labels-idx1")
    )
    assert pixels.tobytes() == images[16:]
    assert codes.tobytes() == labels[8:]
    assert round(float(pixels.mean()), 5) == 72.54294
    assert np.bincount(codes).tolist() == [335, 394, 357, 375, 357, 357, 362, 376, 342, 360]


def test_the_archive_that_was_cut_short_is_one_sentence(real_data, tmp_path):
    folder = real_data / "fashion-mnist" / "truncated"
    done = wardrobe("ingest", "fashion-mnist", folder, lake=tmp_path / "lake")
    assert is_one_sentence(done)
    assert "states 60,000 pictures (47,040,016 bytes)" in done.stderr
    assert "ends after 3,615 of them and 284 bytes more" in done.stderr
    assert Lake(tmp_path / "lake").releases() == []


def test_a_csv_of_any_name_may_be_the_source_when_its_set_is_named(real_data, tmp_path):
    sample = real_data / "fashionai" / "samples" / "train_13rows.csv"
    submission = real_data / "fashionai" / SUBMISSION
    assert ingested("fashionai", sample, tmp_path / "lake").release
    assert rows_of(tmp_path / "lake", "select split, count(*) from items group by all") == [
        ("train", 13)
    ]
    unnamed = wardrobe("ingest", "fashionai", submission, lake=tmp_path / "lake")
    assert is_one_sentence(unnamed)
    assert "--split" in unnamed.stderr
    without_header = wardrobe(
        "ingest", "fashionai", submission, "--split", "test_b", lake=tmp_path / "lake"
    )
    assert is_one_sentence(without_header)
    assert "header" in without_header.stderr
