"""The client of object stores, against moto's server and against a stub that fails."""

import pickle
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from object_stores import SECRET, environment, retry_often, stub_store, use_store

from flows.storage.objects import ObjectPath, StoreError, is_address
from flows.storage.objects import store as client
from schemas.errors import InputError, MissingExtra


@pytest.mark.parametrize("place", ["moto", "stub"])
def test_objects_are_written_read_listed_copied_and_deleted(place, request, monkeypatch):
    if place == "moto":
        use_store(monkeypatch, request.getfixturevalue("moto_url"))
    else:
        request.getfixturevalue("stub")
    prefix = ObjectPath.parse("s3://bucket/pre fix/é+%=ü")
    (prefix / "a/one.bin").write_bytes(b"0123456789")
    (prefix / "two").write_bytes(b"")
    (prefix.parent / "é+%=üb").write_bytes(b"a sibling whose name begins alike")
    one = prefix / "a/one.bin"
    assert one.read_bytes() == b"0123456789"
    assert one.read_range(8, 100) == b"89"
    assert one.read_ranges([0, 9], [2, 1]) == [b"01", b"9"]
    listed = prefix.objects()
    assert listed["name"].to_pylist() == ["a/one.bin", "two"]
    assert listed["size"].to_pylist() == [10, 0]
    assert listed["etag"][0].as_py() == one.facts().etag == one.read_tagged()[1]
    assert abs((listed["modified"][0].as_py() - one.facts().modified).total_seconds()) < 1
    assert prefix.folders() == ["a"]
    one.copy_to(prefix / "copies/one")
    assert pickle.loads(pickle.dumps(prefix / "copies/one")).read_bytes() == b"0123456789"
    prefix.delete(["two", "copies/one", "never there"])
    assert prefix.objects()["name"].to_pylist() == ["a/one.bin"]
    with pytest.raises(FileNotFoundError) as missing:
        (prefix / "two").read_bytes()
    assert missing.value.filename == "s3://bucket/pre fix/é+%=ü/two"


@pytest.mark.parametrize("place", ["moto", "stub"])
def test_conditional_writes_have_one_winner(place, request, monkeypatch):
    if place == "moto":
        use_store(monkeypatch, request.getfixturevalue("moto_url"))
    else:
        request.getfixturevalue("stub")
    path = ObjectPath(bucket="bucket", key="conditional/object")
    first = path.write_if(b"first")
    assert first and path.write_if(b"other") is None
    second = path.write_if(b"second", first)
    assert second and path.write_if(b"third", first) is None
    assert path.read_tagged() == (b"second", second)
    assert (path.parent / "absent").write_if(b"x", first) is None


def test_a_write_that_won_is_not_reported_as_lost(monkeypatch):
    with stub_store(lost=0.4, busy=0.2, seed=3) as store:
        use_store(monkeypatch, store.url)
        retry_often(monkeypatch, 50)
        won = [
            ObjectPath("bucket", f"race/{race}").write_if(f"{race}".encode()) for race in range(20)
        ]
        assert None not in won
        # Without faults, some of them would have been told that another writer was first.
        assert store.requests["PUT"] > 20 and store.requests["GET"] > 0
        path = ObjectPath("bucket", "race/0")
        with ThreadPoolExecutor(8) as pool:
            for race in range(10):
                etag = path.facts().etag
                texts = [f"{race} {number}".encode() for number in range(8)]
                answers = list(pool.map(path.write_if, texts, [etag] * 8))
                winners = [text for text, won in zip(texts, answers, strict=True) if won]
                assert winners == [path.read_bytes()]


def test_large_files_are_uploaded_in_parts(moto_url, monkeypatch, tmp_path):
    use_store(monkeypatch, moto_url)
    (tmp_path / "large").write_bytes(bytes(range(256)) * (11 << 12))
    path = ObjectPath("bucket", "large")
    path.upload(tmp_path / "large")
    assert path.facts().size == 11 << 20
    assert path.read_bytes() == (tmp_path / "large").read_bytes()


def test_listings_have_pages(stub):
    for number in range(1, 2502):
        stub.write(f"many/{number:05d}", b"")
    names = ObjectPath("bucket", "many").objects()["name"]
    assert len(names) == 2501 and names[2500].as_py() == "02501"
    assert stub.requests["LIST"] == 3


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3:/bucket/a/b/", ("bucket", "a/b")),
        ("s3://my.bucket-1/a b/ü=1", ("my.bucket-1", "a b/ü=1")),
    ],
)
def test_addresses(text, path):
    parsed = ObjectPath.parse(text)
    assert (parsed.bucket, parsed.key) == path and is_address(text)
    assert ObjectPath.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text", ["s3://", "s3:///a", "s3://b/a", "s3://bucket/a//b", "s3://bucket/../a", "s3://bu_\n/a"]
)
def test_wrong_addresses_are_refused_in_a_sentence(text):
    with pytest.raises(InputError, match=r"give s3://bucket/prefix|cannot have"):
        ObjectPath.parse(text)


def test_refusals_are_sentences_without_secrets(stub, monkeypatch):
    with pytest.raises(StoreError, match=r"^s3://nobucket does not exist: check the name"):
        ObjectPath("nobucket", "a").read_bytes()
    with pytest.raises(StoreError, match=r"^s3://nobucket does not exist: check the name"):
        ObjectPath("nobucket", "a").objects()
    stub.refuse = re.compile("denied")
    with pytest.raises(
        StoreError, match=r"^s3://bucket/denied: the store refused access \(AccessD"
    ):
        ObjectPath("bucket", "denied").write_bytes(b"")
    retry_often(monkeypatch, 1)
    use_store(monkeypatch, f"http://user:{SECRET}@127.0.0.1:1")
    with pytest.raises(StoreError, match=r"it cannot be reached") as refused:
        ObjectPath("bucket", "a").read_bytes()
    assert SECRET not in str(refused.value) and refused.value.__cause__ is None


def test_settings_come_from_the_files_that_other_clients_read(stub, monkeypatch, tmp_path):
    for name in environment(""):
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "lake")
    for name, text in (
        (
            "AWS_SHARED_CREDENTIALS_FILE",
            "[lake]\naws_access_key_id = id\naws_secret_access_key=s%s",
        ),
        ("AWS_CONFIG_FILE", "[profile lake]\nregion = eu-north-1\n"),
    ):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    client._open.cache_clear()
    config = client.open_store("bucket").config
    assert (config["access_key_id"], config["secret_access_key"]) == ("id", "s%s")
    assert config["region"] == "eu-north-1"
    (tmp_path / "AWS_CONFIG_FILE").write_text(f"aws_secret_access_key = {SECRET}")
    client._open.cache_clear()
    with pytest.raises(StoreError, match="AWS_CONFIG_FILE cannot be read") as refused:
        client.open_store("bucket")
    assert SECRET not in str(refused.value)


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    client._open.cache_clear()
    with pytest.raises(MissingExtra, match=r"pip install 'wardrobe-lake\[s3\]'"):
        ObjectPath("bucket", "a").read_bytes()
