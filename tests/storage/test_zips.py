"""A zip is read in place: the same names and bytes as from the folder it was packed from."""

import os
import zipfile
from dataclasses import replace
from functools import partial

import packing
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.storage import Location, read_heads, read_member, read_members
from flows.storage.zips import zipcrypto as ours
from schemas.source import Document

SECRET = "shops and users"
FILES = {
    **{f"train/annos/{n:06d}.json": b'{"item1": %d}' % n * (n * 7 % 40) for n in range(1, 60)},
    **{f"train/image/{n:06d}.jpg": bytes((n * k) % 251 for k in range(3_000)) for n in range(1, 9)},
    "train/image/000009.jpg": bytes(range(256)) * 700,
}
WRITERS = {
    "plain": packing.write_plain,
    "stored": partial(packing.write_plain, method=zipfile.ZIP_STORED),
    "zipcrypto": partial(packing.write_zipcrypto, password=SECRET.encode()),
    "aes128": partial(packing.write_aes, password=SECRET.encode(), bits=128),
    "aes256": partial(packing.write_aes, password=SECRET.encode()),
    "zip64": lambda path, files: packing.write_zip(path, members_of(files), wide=True),
    "preceded": lambda path, files: packing.write_zip(
        path, members_of(files), before=b"#!" + bytes(99)
    ),
}


def members_of(files: dict[str, bytes]) -> list[packing.Packed]:
    return [packing.packed(name, data) for name, data in files.items()]


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET)


def size_of(head: bytes, whole: bool) -> int | None:
    """A probe that wants 2,000 bytes, or all of a picture that begins with a zero."""
    return len(head) if whole else (2_000 if len(head) >= 2_000 and head[0] else None)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_zip_holds_what_the_folder_holds(kind, tmp_path):
    folder = Location.parse(packing.write_folder(tmp_path / "folder", FILES))
    archive = Location.parse(WRITERS[kind](tmp_path / "train.zip", FILES))
    listed, unpacked = packing.listed(archive), packing.listed(folder)

    assert listed.select(["name", "size"]).equals(unpacked.select(["name", "size"]))
    assert list(read_members(archive, listed)) == list(read_members(folder, unpacked))
    assert read_member(archive, "train/annos/000007.json") == FILES["train/annos/000007.json"]
    pictures = listed.slice(59), unpacked.slice(59)
    heads = [list(read_heads(*place, size_of)) for place in zip((archive, folder), pictures)]  # noqa: B905
    assert [min(head, 2_000) for head in heads[0]] == [min(head, 2_000) for head in heads[1]]


def test_the_order_asked_for_is_the_order_of_the_answers(tmp_path):
    archive = Location.parse(WRITERS["zipcrypto"](tmp_path / "train.zip", FILES))
    members = packing.listed(archive).take([60, 3, 41, 0])
    assert list(read_members(archive, members)) == [
        Document(name, FILES[name]) for name in members["name"].to_pylist()
    ]


def test_stamps_are_checksums_so_that_packing_anew_changes_nothing(tmp_path):
    stamps = [
        packing.listed(Location.parse(WRITERS[kind](tmp_path / f"{kind}.zip", FILES)))["stamp"]
        for kind in ("plain", "zipcrypto")
    ]
    assert stamps[0].equals(stamps[1])


@pytest.mark.parametrize(
    ("packed", "names"),
    [
        (["train/image/1.jpg", "train/annos/1.json"], ["train/annos/1.json", "train/image/1.jpg"]),
        (["image/1.jpg", "annos/1.json"], ["train/annos/1.json", "train/image/1.jpg"]),
        (["image/1.jpg"], ["train/image/1.jpg"]),
        (["train/1.csv", ".DS_Store"], [".DS_Store", "train/1.csv"]),
        (["lists.json"], ["train/lists.json"]),
        # Half of the names are not most of them.
        (["train/1.json", "2.json"], ["train/2.json", "train/train/1.json"]),
        (
            ["data/train/image/1.jpg", "data/train/annos/1.json"],
            ["data/train/annos/1.json", "data/train/image/1.jpg"],
        ),
    ],
)
def test_the_name_of_the_zip_stands_for_a_folder_it_lacks(packed, names, tmp_path):
    packing.write_plain(tmp_path / "train.zip", dict.fromkeys(packed, b"x"))
    assert packing.listed(Location.parse(tmp_path / "train.zip"))["name"].to_pylist() == names


def test_a_folder_of_zips_holds_the_members_of_all_and_the_loose_files(tmp_path):
    packing.write_plain(tmp_path / "train.zip", {"train/image/1.jpg": b"a"})
    packing.write_plain(tmp_path / "test.zip", {"image/1.jpg": b"b"})
    packing.write_plain(tmp_path / "validation.zip", {"validation/image/1.jpg": b"packed"})
    packing.write_folder(tmp_path, {"validation/image/1.jpg": b"unpacked", "val_query.json": b"[]"})
    assert Location.parse(tmp_path).kind == "zips"
    documents = packing.documents(tmp_path)
    assert {name: document.data for name, document in documents.items()} == {
        "test/image/1.jpg": b"b",
        "train/image/1.jpg": b"a",
        "val_query.json": b"[]",
        "validation.zip": (tmp_path / "validation.zip").read_bytes(),
        "validation/image/1.jpg": b"unpacked",
    }


@pytest.mark.slow
def test_what_a_picture_shows_first_is_the_same_by_every_carrier(real_data, tmp_path):
    """The whole sequence of beginnings that a probe is shown, down to the last byte."""
    folder = real_data / "deepfashion2/train"
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {f"train/{path.relative_to(folder)}": path.read_bytes() for path in paths}
    assert len(files) == 4
    kinds = ("plain", "stored", "zipcrypto", "aes256")
    sequences = []
    for path in (
        folder.parent,
        *(WRITERS[kind](tmp_path / f"{kind}.zip", files) for kind in kinds),
    ):
        heads: list[tuple[bytes, bool]] = []

        def probe(head: bytes, whole: bool, heads=heads) -> bool | None:
            heads.append((head, whole))
            return whole or None

        location = Location.parse(path)
        members = packing.listed(location)
        pictures = members.filter(pc.match_substring_regex(members["name"], "^train/.*jpg$"))
        assert list(read_heads(location, pictures, probe)) == [True] * 3
        sequences.append(sorted(heads))
    assert [len(head) for head, whole in sequences[0] if not whole].count(1_024) == 3
    assert all(sequence == sequences[0] for sequence in sequences[1:])


def test_a_streamed_member_tells_the_password_by_its_time(tmp_path):
    members = [replace(member, time=40_000) for member in members_of(FILES)]
    locked = packing.encrypted(members, SECRET.encode(), by_time=True)
    documents = packing.documents(packing.write_zip(tmp_path / "train.zip", locked))
    assert {name: document.data for name, document in documents.items()} == FILES


def test_a_member_without_checksum_is_stamped_with_its_archive(tmp_path):
    path = packing.write_aes(tmp_path / "train.zip", {"annos/1.json": b"{}"}, SECRET.encode())
    before = packing.listed(Location.parse(path))["stamp"].to_pylist()
    os.utime(path, ns=(1, 1))
    after = packing.listed(Location.parse(path))["stamp"].to_pylist()
    assert before != after == ["aes:1:0"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=40),
    st.binary(min_size=1, max_size=12),
)
def test_decryption_side_by_side_undoes_encryption(pieces, secret):
    members = packing.encrypted(
        [packing.packed("x", piece, packing.STORED) for piece in pieces], secret
    )
    plain = ours.decrypt([member.body for member in members], ours.first_keys(secret))
    assert [piece[ours.HEADER :] for piece in plain] == pieces


def test_the_encrypted_zips_of_these_tests_open_with_the_standard_library(tmp_path):
    few = dict(list(FILES.items())[:5])
    with zipfile.ZipFile(WRITERS["zipcrypto"](tmp_path / "train.zip", few)) as archive:
        archive.setpassword(SECRET.encode())
        assert {name: archive.read(name) for name in archive.namelist()} == few
