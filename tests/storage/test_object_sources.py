"""Sources on object storage: what is listed and read, in how many requests, and what goes wrong."""

import pickle
import re
import sys

import packing
import pyarrow as pa
import pytest
from object_stores import SECRET, StubStore, retry_often, use_store

from flows.pictures import probe
from flows.storage import Location, list_members, prefix, read_heads, read_member, read_members
from flows.storage.objects import ObjectPath, StoreError
from flows.storage.objects import store as client
from schemas.errors import InputError
from schemas.source import Document

PASSWORD = "shops"
FILES = {f"train/annos/{n:06d}.json": b'{"pair_id": %d}' % n * 9 for n in range(1, 100)} | {
    "train/image/é +%=b.jpg": b"",
    "train/ReadMe": b"a file without a suffix",
}
FIRST, SECOND = "train/annos/000001.json", "train/annos/000002.json"
SOURCE = "s3://bucket/a/source"


def stored(stub: StubStore, files: dict[str, bytes] = FILES) -> Location:
    """The files as objects below SOURCE."""
    for name, data in files.items():
        stub.write(f"a/source/{name}", data)
    return Location.parse(SOURCE)


@pytest.fixture
def source(stub) -> Location:
    return stored(stub)


@pytest.fixture
def members(source) -> pa.Table:
    members = packing.listed(source)
    return members.filter(pa.compute.starts_with(members["name"], "train/annos")).slice(0, 3)


def test_a_prefix_has_the_members_of_the_folder(stub, source, tmp_path):
    packing.write_folder(tmp_path / "source", FILES)
    for marker in ("", "train", "train/image", "train/empty"):  # as consoles write them
        stub.write(f"a/source/{marker}", b"")
    assert source.kind == "folder" and pickle.loads(pickle.dumps(source)) == source
    assert packing.documents(SOURCE) == packing.documents(tmp_path / "source")
    names = ["name", "size"]
    folder = Location.parse(tmp_path / "source")
    assert packing.listed(source).select(names) == packing.listed(folder).select(names)
    assert read_member(source, FIRST) == FILES[FIRST]
    assert read_member(Location.parse(f"{SOURCE}/{FIRST}"), "000001.json") == FILES[FIRST]


@pytest.mark.parametrize("kind", ["plain", "zipcrypto", "aes"])
def test_zips_have_the_members_of_the_folder(stub, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", PASSWORD)
    password = [PASSWORD.encode()] if kind != "plain" else []
    write = getattr(packing, f"write_{kind}")
    (tmp_path / "zips/train").mkdir(parents=True)
    named = {name: data for name, data in FILES.items() if name.startswith("train/annos")}
    for name, files in {"other.zip": {"other/b.json": b"{}"}, "validation.ZIP": named}.items():
        write(tmp_path / "zips" / name, files, *password)
        stub.write(f"zips/{name}", (tmp_path / "zips" / name).read_bytes())
    for name in ("loose.txt", "train.zip", "train/a"):  # train.zip is next to its unpacked folder
        (tmp_path / "zips" / name).write_bytes(b"text")
        stub.write(f"zips/{name}", b"text")
    there, here = Location.parse("s3://bucket/zips"), Location.parse(tmp_path / "zips")
    assert [path.name for path in there.archives] == [path.name for path in here.archives]
    stub.reset()
    assert packing.documents("s3://bucket/zips") == packing.documents(tmp_path / "zips")
    assert stub.requests["GET"] <= (8 if kind == "plain" else 40)
    alone = "s3://bucket/zips/validation.ZIP"
    assert packing.documents(alone) == packing.documents(tmp_path / "zips/validation.ZIP")
    # A CRC is of the content alone, so that a source that moved is not read again.
    stamps = [packing.listed(each)["stamp"].to_pylist() for each in (there, here)]
    archived = [stamp.startswith("crc32:") for stamp in stamps[1]]
    assert sum(archived) == (0 if kind == "aes" else 1 + len(named))
    for own, local, same in zip(*stamps, archived, strict=True):
        assert (own == local) is same


def test_members_are_read_by_one_request_each_and_pictures_by_their_first_bytes(stub):
    picture = b"\xff\xd8\xff" + bytes(100_000)
    source = stored(stub, {f"{n:06d}.jpg": picture for n in range(40)})
    members = packing.listed(source)
    stub.reset()
    assert [document.data for document in read_members(source, members)] == [picture] * 40
    assert dict(stub.requests) == {"GET": 40}
    stub.reset()
    heads = list(read_heads(source, members, lambda head, whole: len(head)))
    assert heads == [1_024] * 40 and (stub.requests["GET"], stub.sent) == (40, 40_960)
    stub.reset()
    assert {facts.image_status for facts in read_heads(source, members, probe)} == {"unreadable"}
    assert stub.requests["GET"] == 160 and stub.sent == 40 * len(picture)


def test_pictures_in_a_zip_are_read_by_their_first_bytes(stub, tmp_path):
    files = {f"image/{n:06d}.jpg": bytes(200_000) + b"%d" % n for n in range(50)}
    archive = packing.write_plain(tmp_path / "a.zip", files, method=0)
    stub.write("a.zip", archive.read_bytes())
    source = Location.parse("s3://bucket/a.zip")
    members = packing.listed(source)
    stub.reset()
    assert set(read_heads(source, members, lambda head, whole: len(head))) == {1_024}
    assert stub.requests["GET"] == 50 and stub.sent < 50 * 2_048


def test_few_members_are_in_memory_before_they_are_taken(stub, monkeypatch):
    monkeypatch.setattr(prefix, "AHEAD_BYTES", 3_000)
    source = stored(stub, {f"{n}.bin": bytes(1_000) for n in range(100)})
    members = packing.listed(source)
    stub.reset()
    documents = read_members(source, members)
    for _ in range(10):
        next(documents)
    assert stub.requests["GET"] <= 13
    documents.close()


def test_listings_come_in_bounded_tables(stub, monkeypatch):
    monkeypatch.setattr(prefix, "ROWS", 1_000)
    source = stored(stub, {f"{n:05d}": b"x" for n in range(2_500)})
    stub.reset()
    assert [table.num_rows for table in list_members(source)] == [1_000, 1_000, 500]
    assert stub.requests["LIST"] == 3


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda stub: stub.write(f"a/source/{FIRST}", b"other"), "listed with 126 bytes"),
        (lambda stub: stub.write(f"a/source/{FIRST}", b"x" * 126), "written to after"),
        (lambda stub: stub.objects.pop(f"a/source/{FIRST}"), "does not exist any more"),
    ],
)
def test_an_object_that_changed_after_its_listing_is_refused(stub, source, members, act, words):
    act(stub)
    documents = list(read_members(source, members))
    assert [document.rule for document in documents] == ["changed_while_read", None, None]
    assert words in documents[0].message


def test_pieces_of_two_objects_are_never_put_together(stub, source):
    """The object is replaced, with equal size, between the requests for its beginning and rest."""
    stub.write("a/source/a.jpg", b"a" * 2_000)
    unlisted = pa.table({"name": ["a.jpg"], "size": [2_000], "stamp": [""]})
    reads = []

    def replace(key: str) -> None:
        reads.append(key)
        stub.write(key, b"%c" % (97 + len(reads)) * 2_000)

    stub.on_read = replace
    (answer,) = read_heads(source, unlisted, lambda head, whole: head if whole else None)
    assert isinstance(answer, Document) and answer.message == (
        "it was written to while it was read"
    )
    assert len(reads) == 4


def test_an_archive_that_is_replaced_while_it_is_read_is_read_again(stub, tmp_path):
    for name, files in (("old", FILES), ("new", {**FILES, FIRST: b"new"})):
        packing.write_plain(tmp_path / name, files)
    stub.write("train.zip", (tmp_path / "old").read_bytes())
    source = Location.parse("s3://bucket/train.zip")
    members = packing.listed(source)

    def replace(key: str) -> None:
        stub.on_read = lambda key: None
        stub.write(key, (tmp_path / "new").read_bytes())

    stub.on_read = replace
    documents = {document.name: document for document in read_members(source, members)}
    assert documents.pop(FIRST).rule == "changed_while_read"
    assert all(document.data == FILES[name] for name, document in documents.items())

    stub.on_read = lambda key: stub.write(key, (tmp_path / "new").read_bytes())
    with pytest.raises(OSError, match="being written"):
        list(read_members(source, members))


def test_a_prefix_that_was_emptied_is_an_error_and_no_rejections(stub, source, members):
    stub.objects.clear()
    with pytest.raises(FileNotFoundError, match=r"no object is below it.*a/source/train/annos"):
        list(read_members(source, members))


def test_refused_and_lost_answers_are_requested_again(stub, source, monkeypatch):
    retry_often(monkeypatch, 50)
    stub.busy = 0.3
    assert packing.documents(SOURCE) == {name: Document(name, data) for name, data in FILES.items()}


def test_a_body_that_ends_early_is_a_reason(stub, source, members, monkeypatch):
    retry_often(monkeypatch, 1)
    stub.cut = re.compile(SECOND)
    documents = list(read_members(source, members))
    assert [document.rule for document in documents] == [None, "unreadable", None]
    assert documents[1].message == "the answer of the store breaks off"
    stub.cut = None
    assert [document.data for document in read_members(source, members)][1] == FILES[SECOND]


def test_an_object_that_is_too_large_is_not_read(stub, source):
    stub.write("a/source/large.jpg", bytes((64 << 20) + 1))
    members = packing.listed(source)
    members = members.filter(pa.compute.equal(members["name"], "large.jpg"))
    stub.reset()
    (document,) = read_members(source, members)
    assert document.rule == "too_large" and stub.sent < 10 << 20
    with pytest.raises(InputError, match="67,108,865 bytes, more than"):
        read_member(source, "large.jpg")


def test_side_files_may_be_objects(stub, tmp_path):
    stub.write("lists/query.txt", b"listed")
    (tmp_path / "a.txt").write_bytes(b"text")
    location = Location.parse(tmp_path, ["s3://bucket/lists/query.txt"])
    members = packing.listed(location)
    assert {document.name: document.data for document in read_members(location, members)} == {
        "a.txt": b"text",
        "side-files/query.txt": b"listed",
    }
    with pytest.raises(InputError, match=r"^side file s3://bucket/none does not exist"):
        Location.parse(tmp_path, ["s3://bucket/none"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3://bucket/none", r"^s3://bucket/none does not exist: give"),
        ("s3://no-bucket", r"^s3://no-bucket does not exist: check the name"),
        ("s3://no-bucket/a", r"^s3://no-bucket does not exist: check the name"),
        ("s3://bucket/denied", r"the store refused access \(403 Forbidden\): check the"),
        (f"s3://key:{SECRET}@bucket/a", r"^an address has neither credentials nor a query"),
        (f"s3://bucket/a?X-Amz-Signature={SECRET}", r"^an address has neither credentials nor"),
        (f"https://key:{SECRET}@host/a", r"^https://\.\.\. is not a source: give .* s3://bucket/"),
    ],
)
def test_what_is_not_a_source_is_a_sentence_without_secrets(stub, text, words):
    stub.refuse = re.compile("denied")
    with pytest.raises(InputError, match=words) as refused:
        Location.parse(text)
    assert SECRET not in str(refused.value)


def test_a_store_that_denies_fails_or_goes_is_an_error_of_the_run(
    stub, source, members, monkeypatch
):
    retry_often(monkeypatch, 1)
    stub.refuse = re.compile(SECOND)
    with pytest.raises(StoreError, match=r"000002\.json: the store refused access"):
        list(read_members(source, members))
    stub.refuse, stub.busy = None, 1.0
    with pytest.raises(StoreError, match=r"SlowDown"):
        list(read_members(source, members))
    use_store(monkeypatch, f"http://user:{SECRET}@127.0.0.1:1")
    with pytest.raises(StoreError, match=r"it cannot be reached") as refused:
        list(read_members(source, members))
    assert SECRET not in str(refused.value)


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    client._open.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'wardrobe-lake\[s3\]'"):
        Location.parse(SOURCE)


def test_a_store_without_etags_is_refused(stub, source, monkeypatch):
    (objects,) = source.path.objects().to_batches()
    place = objects.schema.get_field_index("etag")
    objects = objects.set_column(place, "etag", pa.nulls(objects.num_rows, pa.string()))
    monkeypatch.setattr(ObjectPath, "listed", lambda *_: [objects])
    with pytest.raises(StoreError, match=r"the store of s3://bucket/a/source gives no etags"):
        list(list_members(source))
