"""Archives that are damaged, locked or made to harm: a sentence or a reason, never more."""

import struct
import zlib
from dataclasses import replace

import packing
import pytest

from flows.storage import Location, read_heads, read_member, read_members
from flows.storage.zips import zipcrypto
from flows.storage.zips.zip_directory import PROBLEMS
from schemas.errors import InputError

pytestmark = pytest.mark.slow

SECRET = "shops and users"
FILES = {f"train/annos/{n:06d}.json": b'{"item1": [%d]}' % n * 20 for n in range(1, 30)}


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET)


@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        ("../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd"),
        ("train/annos/../../../x", "train%2Fannos%2F%2E%2E%2F%2E%2E%2F%2E%2E%2Fx"),
        ("/etc/passwd", "%2Fetc%2Fpasswd"),
        ("train\\annos\\000001.json", "train%5Cannos%5C000001.json"),
        ("C:/train/annos/000001.json", "C%3A%2Ftrain%2Fannos%2F000001.json"),
        ("train/annos//000001.json", "train%2Fannos%2F%2F000001.json"),
        ("train/annos/./000001.json", "train%2Fannos%2F.%2F000001.json"),
        ("train/annos/\x00000001.json", "train%2Fannos%2F%00000001.json"),
        ("train/annos/000001.json/", "train%2Fannos%2F000001.json%2F"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("", "%"),
    ],
)
def test_a_name_that_could_lead_out_is_listed_as_one_harmless_step(hostile, name, tmp_path):
    members = [packing.packed(file, data) for file, data in FILES.items()]
    packing.write_zip(tmp_path / "train.zip", [*members, packing.packed(hostile, b"{}")])
    documents = packing.documents(tmp_path / "train.zip")
    assert documents.keys() - FILES.keys() == {"train/annos/" + name}
    assert documents["train/annos/" + name].data == b"{}"


def test_a_name_that_is_no_utf8_is_read_in_the_old_code_page(tmp_path):
    packing.write_zip(tmp_path / "train.zip", [packing.packed(b"train/annos/\x81.json", b"{}")])
    assert list(packing.documents(tmp_path / "train.zip")) == ["train/annos/ü.json"]


def test_a_repeated_name_is_listed_once_more_with_its_number(tmp_path):
    names = ["train/annos/1.json"] * 3 + ["train/annos/1.json#2"]
    members = [packing.packed(name, str(n).encode()) for n, name in enumerate(names)]
    documents = packing.documents(packing.write_zip(tmp_path / "train.zip", members))
    assert {name: document.data for name, document in documents.items()} == {
        "train/annos/1.json": b"0",
        "train/annos/1.json#2": b"3",
        "train/annos/1.json#3": b"1",
        "train/annos/1.json#4": b"2",
    }


def test_a_member_in_two_zips_or_packed_and_unpacked_is_refused_by_name(tmp_path):
    for name in ("packed.zip", "packed (1).zip"):
        packing.write_plain(tmp_path / name, FILES)
    with pytest.raises(InputError, match=r"packed \(1\)\.zip and packed\.zip both hold .*000001"):
        packing.listed(Location.parse(tmp_path))
    (tmp_path / "packed (1).zip").unlink()
    packing.write_folder(tmp_path, {"train/annos/000003.json": b""})
    with pytest.raises(InputError, match=r"000003\.json twice"):
        packing.listed(Location.parse(tmp_path))


@pytest.mark.parametrize("write", [packing.write_zipcrypto, packing.write_aes])
@pytest.mark.parametrize(
    ("typed", "words"), [("", "--password-file"), ("not this one", "does not open it")]
)
def test_a_missing_or_wrong_password_is_one_sentence_without_it(
    write, typed, words, tmp_path, monkeypatch
):
    write(tmp_path / "train.zip", FILES, SECRET.encode())
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", typed)
    location = Location.parse(tmp_path / "train.zip")
    members = packing.listed(location)
    for reading in (
        lambda: list(read_members(location, members)),
        lambda: list(read_heads(location, members, lambda head, whole: head)),
        lambda: read_member(location, "train/annos/000001.json"),
    ):
        with pytest.raises(InputError, match=rf"^[^\n]*{words}[^\n]*$") as caught:
            reading()
        assert "not this one" not in str(caught.value)


def test_a_wrong_password_that_fits_the_check_byte_of_one_member_is_refused(tmp_path, monkeypatch):
    members = [packing.packed(name, data) for name, data in list(FILES.items())[:16]]
    locked = packing.encrypted(members, SECRET.encode())
    checks = [bytes([member.crc >> 24]) for member in members]

    def matches(password: bytes) -> int:
        headers = [member.body[: zipcrypto.HEADER] for member in locked]
        plain = zipcrypto.decrypt(headers, zipcrypto.first_keys(password))
        return sum(head[-1:] == check for head, check in zip(plain, checks, strict=True))

    assert matches(SECRET.encode()) == 16
    passwords = (f"wrong {number}" for number in range(9_999))
    wrong = next(text for text in passwords if 1 <= matches(text.encode()) < 8)
    path = packing.write_zip(tmp_path / "train.zip", locked)
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", wrong)
    with pytest.raises(InputError, match="does not open it"):
        packing.documents(path)


CUT_SHORT = [(None, end) for end in (0, 10, 21, 200, 1000, 3000, -1, -21, -22)]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(*cut, "is not a zip or is incomplete") for cut in CUT_SHORT]
    + [(300, None, "is damaged: its directory is larger")],
)
def test_an_archive_that_is_cut_is_one_sentence(start, end, words, tmp_path):
    path = packing.write_plain(tmp_path / "train.zip", FILES)
    path.write_bytes(path.read_bytes()[start:end])
    with pytest.raises(InputError, match=rf"train\.zip {words}[^\n]*\.$"):
        packing.listed(Location.parse(path))


TEXT = b'{"pair_id": 1}' * 30
SOUND = packing.packed("annos/1.json", TEXT)
BOMB = packing.packed("annos/1.json", bytes(10_000_000))


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (replace(SOUND, crc=1), "its checksum does not match"),
        (replace(SOUND, size=10), "does not hold the 10 bytes it promises"),
        # Longer than declared, with the checksum of the declared bytes.
        (replace(SOUND, size=10, crc=zlib.crc32(TEXT[:10])), "does not hold the 10 bytes"),
        (
            replace(
                packing.packed("annos/1.json", TEXT, packing.STORED),
                size=10,
                crc=zlib.crc32(TEXT[:10]),
            ),
            "does not hold the 10 bytes",
        ),
        (replace(SOUND, size=5_000), "does not hold the 5,000 bytes it promises"),
        (replace(SOUND, size=1 << 20), PROBLEMS[5]),
        (replace(BOMB, size=1_000), "does not hold the 1,000 bytes"),
        (replace(SOUND, body=b"\xff" * 60), "it does not inflate"),
        (replace(SOUND, body=SOUND.body[:20]), "does not hold the 420 bytes it promises"),
        (replace(SOUND, method=9), PROBLEMS[2]),
        (replace(SOUND, method=93), PROBLEMS[2]),
        (replace(SOUND, method=99, flags=1), PROBLEMS[1]),
        (replace(SOUND, flags=0x41), PROBLEMS[1]),
        (replace(SOUND, external=0o120777 << 16), PROBLEMS[3]),
        (replace(SOUND, flags=1), "its password check fails"),
    ],
)
def test_a_damaged_member_is_unreadable_and_its_neighbours_are_not(member, words, tmp_path):
    others = [packing.packed(f"annos/{n}.json", b"{}") for n in range(2, 20)]
    locked = packing.encrypted(others, SECRET.encode()) if member.flags & 1 else others
    documents = packing.documents(packing.write_zip(tmp_path / "train.zip", [member, *locked]))
    damaged = documents.pop("train/annos/1.json")
    assert (damaged.data, damaged.rule) == (None, "unreadable")
    assert words in damaged.message
    assert {document.data for document in documents.values()} == {b"{}"}
    with pytest.raises(InputError, match=r"train/annos/1\.json in .* cannot be read: [^\n]*\.$"):
        read_member(Location.parse(tmp_path / "train.zip"), "train/annos/1.json")


def test_members_that_share_their_bytes_are_unreadable_but_for_the_first(tmp_path):
    path = packing.write_zip(tmp_path / "train.zip", [SOUND, replace(SOUND, name=b"annos/2.json")])
    whole = bytearray(path.read_bytes())
    second = whole.rfind(b"PK\1\2")
    struct.pack_into("<I", whole, second + 42, 0)
    path.write_bytes(whole)
    documents = packing.documents(path)
    assert documents["train/annos/1.json"].data == b'{"pair_id": 1}' * 30
    assert documents["train/annos/2.json"].message == PROBLEMS[6]


def test_an_altered_aes_member_fails_its_authentication(tmp_path):
    path = packing.write_aes(tmp_path / "train.zip", FILES, SECRET.encode())
    whole = bytearray(path.read_bytes())
    whole[30 + len("train/annos/000001.json") + 11 + 18 + 5] ^= 1
    path.write_bytes(whole)
    document = packing.documents(path)["train/annos/000001.json"]
    assert document.message == "it is damaged: authentication code mismatch"
