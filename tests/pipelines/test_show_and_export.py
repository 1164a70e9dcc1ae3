"""Commands that write a file of a split: misspelt names, and the format of the file's suffix."""

import pytest
from command_line import is_one_sentence, wardrobe
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "command",
    [
        "show deepfashion2 SPLIT 1 -o one.png",
        "export coco deepfashion2 SPLIT -o coco.json",
        "export yolo deepfashion2 SPLIT --as val -o none",
        "export information deepfashion2 SPLIT -o none",
        "export training deepfashion2 SPLIT --task detection -o none",
    ],
)
def test_a_misspelt_split_names_the_nearest(command, lake, tmp_path):
    for split, hint in (
        ("trian", "did you mean train?"),
        ("zz", "it has test, train, validation."),
    ):
        done = wardrobe(*command.replace("SPLIT", split).split(), lake=lake, cwd=tmp_path)
        assert is_one_sentence(done)
        assert f"does not have deepfashion2 {split}: {hint}" in done.stderr
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "form"), [("a.JPG", "JPEG"), ("a.webp", "WEBP"), ("a.png", "PNG")]
)
def test_show_writes_the_format_of_the_suffix(name, form, lake, tmp_path):
    for pair in ((), ("--pair",)):
        words = ("show", "deepfashion2", "train", 1, "--output", tmp_path / name, *pair)
        assert wardrobe(*words, lake=lake).returncode == 0
        with Image.open(tmp_path / name) as picture:
            assert picture.format == form


def test_show_refuses_a_suffix_of_another_format(lake, tmp_path):
    for name in ("one.bmp", "one"):
        done = wardrobe("show", "deepfashion2", "train", 1, "-o", tmp_path / name, lake=lake)
        assert is_one_sentence(done) and "name it .png, .jpg, .jpeg, .webp" in done.stderr
    assert list(tmp_path.iterdir()) == []
