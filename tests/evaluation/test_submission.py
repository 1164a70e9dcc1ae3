"""`wardrobe submission`: what the server would refuse, and zips as it takes them."""

import json
import zipfile

import pytest
from command_line import is_one_sentence, wardrobe
from releases import image, write_release

RESULT = {"image_id": 7, "category_id": 1, "keypoints": [1, 2, 1] * 294, "score": 0.5}


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "landmarks.json"
    path.write_text(json.dumps([RESULT] * 3))
    return path


def submission(verb: str, path: object, *words: object, phase: str = "validation", **more):
    return wardrobe(
        "submission", verb, "landmarks", "--phase", phase, "--predictions", path, *words, **more
    )


def zip_of(path, *members: tuple[str, str]):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members:
            archive.writestr(name, text)
    return path


def test_results_without_problems_are_accepted(results):
    done = submission("check", results)
    assert (done.returncode, done.stdout) == (0, f"{results}: 3 results, no problems\n")


def test_problems_are_rows_of_a_table_and_the_exit_code_is_1(results):
    bad = RESULT | {"image_id": 32_154, "category_id": 14}
    results.write_text(json.dumps([RESULT, bad, bad]))
    done = submission("check", results)
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()[2:]]
    assert done.returncode == 1
    assert rows == [
        "category_id expected `int` <= 13 2 2 14",
        "image_id is not an image of the published validation split 2 2 32154",
    ]


def test_the_test_split_has_more_images(results):
    results.write_text(json.dumps([RESULT | {"image_id": 62_629}]))
    assert submission("check", results, phase="test").returncode == 0
    assert submission("check", results).returncode == 1


def test_a_release_without_the_split_is_noted(results, tmp_path):
    release = write_release(tmp_path, [image(1)], pictures="none")
    words = ("--lake", tmp_path / "lake", "--release", release.name)
    done = submission("check", results, *words)
    assert done.returncode == 0
    assert done.stderr.endswith("does not have validation: images were compared with the "
        "published numbers\n")  # fmt: skip


@pytest.mark.slow
def test_images_are_those_of_the_release(results, lake):
    done = submission("check", results, lake=lake)
    assert done.returncode == 1 and "is not an image of validation in the release" in done.stdout
    results.write_text(json.dumps([RESULT | {"image_id": 6}]))
    assert submission("check", results, lake=lake).returncode == 0
    assert submission("check", results, lake=lake, phase="test").returncode == 0


@pytest.mark.slow
def test_queries_are_consumers_images_of_the_release_and_others_are_of_shops(lake, tmp_path):
    path = tmp_path / "retrieval.json"
    words = ("--dataset", "deepfashion2", "--split", "validation", "--output", path)
    assert wardrobe("sample", "predictions", "retrieval", *words, lake=lake).returncode == 0
    check = ("submission", "check", "retrieval", "--predictions", path, "--phase")
    assert wardrobe(*check, "validation", lake=lake).returncode == 0
    rows = json.loads(path.read_bytes())
    swapped = {"query_image_id": rows[0]["gallery_image_id"][0]}
    path.write_text(json.dumps([rows[0] | swapped]))
    done = wardrobe(*check, "validation", lake=lake)
    assert done.returncode == 1 and "is not a consumer's image of validation" in done.stdout
    assert wardrobe(*check, "test", lake=lake).returncode == 0  # where sources are unknown


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([], "does not have one file only"),
        (["val_keypoints.json", "readme.txt"], "does not have one file only"),
        (["results/val_keypoints.json"], "the file in it is not called val_keypoints.json"),
        (["test_keypoints.json"], "the file in it is not called val_keypoints.json"),
    ],
)
def test_a_zip_has_one_file_with_the_name_of_the_phase(tmp_path, members, says):
    path = zip_of(tmp_path / "a.zip", *((name, json.dumps([RESULT])) for name in members))
    done = submission("check", path)
    assert done.returncode == 1 and says in done.stdout


def test_the_file_in_a_zip_is_checked_too(tmp_path):
    path = zip_of(tmp_path / "a.zip", ("other.json", json.dumps([RESULT | {"score": None}])))
    done = submission("check", path)
    assert "is not called" in done.stdout and "expected `float`, got `null`" in done.stdout


def test_a_damaged_zip_is_a_problem(tmp_path):
    path = zip_of(tmp_path / "a.zip", ("val_keypoints.json", json.dumps([RESULT])))
    data = path.read_bytes()
    for damaged in (b"", data[:-30], data.replace(b"0.5", b"0.6")):
        path.write_bytes(damaged)
        done = submission("check", path)
        assert done.returncode == 1 and "cannot be read: " in done.stdout, damaged


def test_an_encrypted_zip_is_a_problem(tmp_path):
    path = zip_of(tmp_path / "a.zip", ("val_keypoints.json", json.dumps([RESULT])))
    data = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + place] |= 1
    path.write_bytes(data)
    done = submission("check", path)
    assert done.returncode == 1 and "encrypted" in done.stdout


@pytest.mark.parametrize("verb", ["check", "pack"])
def test_a_path_that_cannot_be_read_is_one_sentence(verb, tmp_path):
    for path in (tmp_path, tmp_path / "absent.json", tmp_path / "absent.zip"):
        done = submission(verb, path, cwd=tmp_path)
        assert is_one_sentence(done) and f"{path} cannot be read" in done.stderr


def test_pack_writes_the_same_bytes_with_the_name_of_the_phase(results, tmp_path):
    done = submission("pack", results, cwd=tmp_path)
    assert done.stdout.endswith("val_keypoints.zip: contains val_keypoints.json\n")
    first = (tmp_path / "val_keypoints.zip").read_bytes()
    copy = tmp_path / "other.json"
    copy.write_bytes(results.read_bytes())
    submission("pack", copy, "--output", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "again.zip") as archive:
        assert archive.namelist() == ["val_keypoints.json"]
        assert archive.read("val_keypoints.json") == results.read_bytes()
    assert submission("check", tmp_path / "again.zip").returncode == 0
    assert submission("check", tmp_path / "again.zip", phase="test").returncode == 1


def test_pack_refuses_what_check_finds(results, tmp_path):
    results.write_text(json.dumps([RESULT | {"score": "high"}]))
    (tmp_path / "val_keypoints.zip").write_bytes(b"old")
    done = submission("pack", results, cwd=tmp_path)
    assert done.returncode == 1 and "expected `float`, got `str`" in done.stdout
    assert (tmp_path / "val_keypoints.zip").read_bytes() == b"old"


def test_pack_takes_results_not_a_zip(tmp_path):
    path = zip_of(tmp_path / "a.zip", ("val_keypoints.json", json.dumps([RESULT])))
    done = submission("pack", path, "--output", tmp_path / "b.zip")
    assert is_one_sentence(done) and "is a zip already" in done.stderr
