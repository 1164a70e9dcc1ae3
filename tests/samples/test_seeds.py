"""What the samples of all data sets share: bytes that follow from the seed, at least one image."""

import hashlib
from pathlib import Path

import pytest

from flows.samples import write_deepfashion2
from flows.samples.fashion_mnist import write_fashion_mnist
from flows.samples.fashionai import write_fashionai
from schemas.errors import InputError

WRITERS = {
    "deepfashion2": (write_deepfashion2, 6, {"train/annos": 1, "train/image": 1}),
    "fashionai": (write_fashionai, 3, {"train/Images": 1}),
    "fashion-mnist": (write_fashion_mnist, 30, {"train": 1}),
}


def contents(folder: Path) -> set[tuple[str, str]]:
    return {
        (path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
@pytest.mark.parametrize("dataset", WRITERS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(dataset, tmp_path):
    write, images, _ = WRITERS[dataset]
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        write(tmp_path / name, images=images, seed=seed)
    first, again, other = (contents(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert not {digest for path, digest in first & other if "label" not in path}


@pytest.mark.parametrize("dataset", WRITERS)
def test_a_sample_has_at_least_one_image(dataset, tmp_path):
    write, _, written = WRITERS[dataset]
    assert write(tmp_path / "one", images=1) == written
    with pytest.raises(InputError, match="at least one image"):
        write(tmp_path / "none", images=0)
