"""The same files in a folder, in zips, with ZipCrypto and with AES: equal lakes."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import packing
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import built_parts, file_hashes, ingested, rows_of

from flows.cli.options import use_password_of
from flows.lake import Lake
from flows.pipelines.sample import write_sample
from schemas.errors import InputError

SECRET = "Sesame 77 öffne"
INGEST = ("ingest", "deepfashion2", "--workers", "1")
ENCRYPTED = ("zipcrypto", "aes")

pytestmark = pytest.mark.slow


def files_of(source: Path, split: str) -> dict[str, bytes]:
    """Every file of a split by its name within the source."""
    paths = sorted(path for path in (source / split).rglob("*") if path.is_file())
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> dict[str, Path]:
    """A source of twelve pictures by container: train.zip, validation.zip and test.zip of each."""
    folder = tmp_path_factory.mktemp("packs")
    source = folder / "folder"
    write_sample("deepfashion2", source, 12, 5)
    write = {
        "zip": packing.write_plain,
        "zipcrypto": lambda path, files: packing.write_zipcrypto(path, files, SECRET.encode()),
        "aes": lambda path, files: packing.write_aes(path, files, SECRET.encode()),
    }
    for kind, pack in write.items():
        (folder / kind).mkdir()
        for split in ("train", "validation", "test"):
            pack(folder / kind / f"{split}.zip", files_of(source, split))
    return {"folder": source, **{kind: folder / kind for kind in write}}


@pytest.fixture(scope="module")
def password_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "password.txt"
    path.write_text(SECRET + "\r\n", "utf-8-sig")  # as Windows editors save it
    return path


@pytest.fixture(scope="module")
def from_folder(packs, tmp_path_factory) -> Path:
    """The lake of the folder. Not to be changed."""
    lake = tmp_path_factory.mktemp("from-folder") / "lake"
    ingested("deepfashion2", packs["folder"], lake, verify_images=True, embed_images=True)
    return lake


@pytest.mark.parametrize(
    ("kind", "by"), [("zip", None), ("zipcrypto", "file"), ("aes", "environment")]
)
def test_zips_give_the_release_that_the_folder_gives(
    kind, by, packs, from_folder, password_file, tmp_path
):
    lake = tmp_path / "lake"
    words = ["--password-file", password_file] if by == "file" else []
    words += ["--verify-images", "--embed-images", "--log-format", "json"]
    variables = {"WARDROBE_ZIP_PASSWORD": SECRET} if by == "environment" else {}
    done = wardrobe(*INGEST, packs[kind], *words, lake=lake, **variables)
    assert done.returncode == 0, done.stderr
    assert file_hashes(lake) == file_hashes(from_folder)
    contents = {Lake(root).release().id.rpartition("-")[2] for root in (lake, from_folder)}
    assert len(contents) == 1
    test = rows_of(lake, "select count(*), sum(annotated::int) from images where split = 'test'")
    assert test == [(1, 0)]
    rows = rows_of(
        lake,
        "select count(*), count(distinct split), sum(octet_length(image.bytes)) from pictures",
    )
    pictures = list(packs["folder"].rglob("*.jpg"))
    assert rows == [(12, 3, sum(path.stat().st_size for path in pictures))]
    assert SECRET not in done.stdout + done.stderr
    assert [path for path in lake.rglob("*") if path.is_file() and contains_secret(path)] == []


def contains_secret(path: Path) -> bool:
    """Whether a file holds the password, as text or as JSON escapes it."""
    data = path.read_bytes()
    return SECRET.encode() in data or json.dumps(SECRET)[1:-1].encode() in data


@pytest.mark.parametrize("dataset", ["fashionai", "fashion-mnist"])
def test_other_sources_are_read_from_a_zip_too(dataset, sources, tmp_path):
    folder = sources / dataset
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    pack = packing.write_plain(tmp_path / "archive.zip", files)
    expected, built = (
        [(receipt.part, receipt.files) for receipt in built_parts(dataset, source, tmp_path / name)]
        for name, source in (("expected", folder), ("built", pack))
    )
    assert built == expected != []


@pytest.mark.parametrize("kind", ENCRYPTED)
@pytest.mark.parametrize(
    ("password", "says"),
    [
        (None, "is encrypted: give its password with --password-file or $WARDROBE_ZIP_PASSWORD."),
        ("Sesame 78", "is encrypted, and the password given does not open it."),
    ],
)
def test_without_its_password_a_zip_is_one_sentence(kind, password, says, packs, tmp_path):
    (tmp_path / "password").write_text(password or "")
    words = ["--password-file", tmp_path / "password"] if password else []
    done = wardrobe(*INGEST, packs[kind], *words, lake=tmp_path / "lake")
    assert is_one_sentence(done)
    assert says in done.stderr and "Sesame" not in done.stderr
    assert Lake(tmp_path / "lake").releases() == []


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "No such file"), (b"", "is empty"), (b"\xff", "not UTF-8"), (b"a\0b", "zero byte")],
)
def test_a_password_file_that_holds_none_is_one_sentence(content, says, tmp_path, monkeypatch):
    monkeypatch.delenv("WARDROBE_ZIP_PASSWORD", raising=False)
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    with pytest.raises(InputError, match=f"^--password-file [^\n]*{says}[^\n]*$"):
        use_password_of(tmp_path / "password")
    assert "WARDROBE_ZIP_PASSWORD" not in os.environ


def test_splits_may_come_one_by_one_from_zips_of_different_places(packs, tmp_path, monkeypatch):
    from flows.pipelines.show import show_image

    lake, plain = tmp_path / "lake", packs["zip"] / "train.zip"
    locked = shutil.copy(packs["zipcrypto"] / "validation.zip", tmp_path / "validation.zip")
    assert ingested("deepfashion2", plain, lake).release
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET)
    assert ingested("deepfashion2", locked, lake).release

    per_split = rows_of(lake, "select split, count(*) from images group by all order by all")
    assert per_split == [("train", 10), ("validation", 1)]
    places = Lake(lake).release().manifest.inputs["deepfashion2"]["locations"]
    assert places == {"train": str(plain), "validation": str(locked)}

    (number,) = rows_of(lake, "select min(image_id) from images where split = 'validation'")[0]
    drawn = {}
    for split, image_id in (("train", 1), ("validation", number)):
        output = tmp_path / f"{split}.png"
        sentence = show_image(lake, None, "deepfashion2", split, image_id, output=output)
        assert "without" not in sentence
        drawn[split] = output.read_bytes()
    monkeypatch.delenv("WARDROBE_ZIP_PASSWORD")
    output = tmp_path / "blank.png"
    sentence = show_image(lake, None, "deepfashion2", "validation", number, output=output)
    assert "without the picture" in sentence and "is encrypted" in sentence
    assert output.read_bytes() != drawn["validation"]


@pytest.fixture(scope="module")
def train(packs) -> dict[str, bytes]:
    """Six documents of the train split, enough to be damaged."""
    files = files_of(packs["folder"], "train")
    return dict([item for item in files.items() if item[0].endswith(".json")][:6])


def test_a_damaged_member_is_a_rejection_and_its_neighbours_are_read(train, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET)
    (tmp_path / "zips").mkdir()
    for split in ("train", "validation"):
        members = [
            packing.packed(name.replace("train", split), data) for name, data in train.items()
        ]
        if split == "validation":
            members = packing.encrypted(members, SECRET.encode())
        body = bytearray(members[2].body)
        body[len(body) // 2] ^= 255
        members[2] = replace(members[2], body=bytes(body))
        packing.write_zip(tmp_path / "zips" / f"{split}.zip", members)
    allowed = {"allow_refused": ["train", "validation"]}
    summary = ingested("deepfashion2", tmp_path / "zips", tmp_path / "lake", **allowed)
    assert "2 refused: see `wardrobe rejections`" in summary.warnings
    damaged = list(train)[2]
    refused = rows_of(tmp_path / "lake", "select file_name, rule from rejections order by 1")
    assert refused == [
        (name, "unreadable") for name in (damaged, damaged.replace("train", "validation"))
    ]
    images = rows_of(tmp_path / "lake", "select split, count(*) from images group by 1 order by 1")
    assert images == [("train", 5), ("validation", 5)]


def test_names_that_climb_out_or_repeat_are_rejections_and_nothing_is_written_there(
    train, tmp_path
):
    hostile = [
        "../../climbed.json",
        "/climbed.json",
        "train/annos/../../climbed.json",
        "..\\c.json",
    ]
    again = next(iter(train))
    members = [packing.packed(name, data) for name, data in train.items()]
    members += [packing.packed(name, b"{}") for name in (*hostile, again)]
    (tmp_path / "a" / "b").mkdir(parents=True)
    path = packing.write_zip(tmp_path / "a" / "b" / "train.zip", members)
    lake = tmp_path / "lake"
    done = wardrobe(*INGEST, path, "--allow-refused", "train", lake=lake, cwd=tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert "5 refused" in done.stderr
    refused = rows_of(lake, "select file_name, rule from rejections order by 1")
    assert [rule for _, rule in refused] == ["unexpected_file_name"] * 5
    assert [name for name, _ in refused] == sorted(
        [
            "train/annos/%2E%2E%2F%2E%2E%2Fclimbed.json",
            "train/annos/%2Fclimbed.json",
            "train/annos/train%2Fannos%2F%2E%2E%2F%2E%2E%2Fclimbed.json",
            "train/annos/%2E%2E%5Cc.json",
            f"{again}#2",
        ]
    )
    assert rows_of(lake, "select count(*) from images") == [(6,)]
    files = [file for file in tmp_path.rglob("*") if file.is_file() and lake not in file.parents]
    assert files == [path]
    assert not Path("/climbed.json").exists()


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_an_archive_cut_short_is_one_sentence_and_changes_nothing(
    kept, packs, from_folder, tmp_path
):
    source = shutil.copytree(packs["zip"], tmp_path / "zips")
    lake = shutil.copytree(from_folder, tmp_path / "lake", symlinks=True)
    whole = (source / "validation.zip").read_bytes()
    (source / "validation.zip").write_bytes(whole[: int(len(whole) * kept)])
    done = wardrobe(*INGEST, source, lake=lake)
    assert is_one_sentence(done)
    assert "validation.zip" in done.stderr and "incomplete" in done.stderr
    assert Lake(lake).release().id == Lake(from_folder).release().id
