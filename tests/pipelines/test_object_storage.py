"""Commands on a lake in an object store: the same answers as of a lake in a folder."""

import json
import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import file_hashes, ingest_three, ingested
from object_lakes import ROOT, uploaded
from object_stores import SECRET, retry_often, use_store
from releases import built_once
from user_sql_attacks import LIMITS, WRITES

from flows import open_release
from flows.lake import Lake, open_lake
from flows.warehouse import open_read_only, run_user_sql
from schemas.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small sources of the three data sets, and a lake of them on this machine."""
    return built_once(tmp_path_factory, "three", ingest_three)


@pytest.fixture
def remote(folder, stub):
    """The same lake in the stub."""
    return uploaded(folder / "lake", stub)


def test_an_ingest_writes_the_files_of_a_lake_in_a_folder(folder, moto_url, monkeypatch):
    use_store(monkeypatch, moto_url)
    lake = "s3://bucket/ingested/lake"
    command = ("ingest", "deepfashion2", folder / "deepfashion2", "--lake", lake)
    done = wardrobe(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("published ")
    first = Lake(folder / "lake").releases()[-1]
    assert file_hashes(lake) == {file.path: file.sha256 for file in first.manifest.files}
    manifest = open_lake(lake).release().manifest
    assert manifest.parameters == first.manifest.parameters
    assert SECRET not in done.stdout + done.stderr + str(manifest)
    assert (
        wardrobe("verify", "--lake", lake).stdout
        == f"{len(manifest.files)} files are as the manifest says\n"
    )
    again = wardrobe(*command)
    assert again.stdout.startswith(f"nothing changed: release {manifest.release} holds all of it")
    assert "succeeded.json" in open_lake(lake).root.objects()["name"].to_pylist()


def test_an_ingest_over_a_bad_connection_is_whole(folder, stub, monkeypatch):
    stub.lost, stub.busy, stub.delay = 0.3, 0.2, 0.005
    retry_often(monkeypatch, 50)
    lake = f"s3://bucket/{ROOT.key}"
    done = wardrobe("ingest", "fashionai", folder / "fashionai", "--lake", lake)
    assert done.returncode == 0, done.stderr
    stub.lost = stub.busy = stub.delay = 0
    assert open_lake(lake).verify() == []
    expected = {
        path: digest
        for path, digest in file_hashes(folder / "lake").items()
        if "dataset=fashionai" in path and "pairs" not in path
    }
    assert expected.items() <= file_hashes(lake).items()
    stub.reset()
    assert wardrobe("ingest", "fashionai", folder / "fashionai", "--lake", lake).returncode == 0
    assert not any("releases/" in key for method, key in stub.log if method == "PUT")


def test_a_moved_landmark_uploads_no_pairs(folder, remote, stub, tmp_path):
    source, lake = (tmp_path / name for name in ("deepfashion2", "lake"))
    for path in (source, lake):
        shutil.copytree(folder / path.name, path, symlinks=True)
    document = next(
        path
        for path in sorted((source / "train" / "annos").iterdir())
        if "item1" in json.loads(path.read_bytes())
    )
    content = json.loads(document.read_bytes())
    content["item1"]["landmarks"][:3] = [3, 4, 2]
    document.write_text(json.dumps(content))
    ingested("deepfashion2", source, lake)
    stub.reset()
    ingested("deepfashion2", source, remote)
    assert file_hashes(remote) == file_hashes(lake) != file_hashes(folder / "lake")
    uploads = {
        method: {key for name, key in stub.log if name == method} for method in ("PUT", "COPY")
    }
    assert any("/landmarks/" in key for key in uploads["PUT"])
    assert not any("/pairs/" in key for key in uploads["PUT"])
    assert any("/pairs/" in key for key in uploads["COPY"])
    assert open_lake(remote).verify() == []


@pytest.mark.parametrize(
    "command",
    [
        "tables",
        "sql select|category_name,|count(*)|from|items|group|by|1|order|by|1",
        "query split_totals",
        "query coco_images --set dataset=deepfashion2 --set split=train",
        "check",
        "rejections",
        "diff FIRST current",
        "releases",
        "status",
        "verify FIRST",
        "path",
        "export coco deepfashion2 train --output OUT.json",
        "export training fashion-mnist test --task classification --output OUT",
        "export duckdb --copy --output OUT.duckdb",
        "tables --release nowhere",
    ],
)
def test_commands_answer_as_for_a_lake_in_a_folder(command, folder, remote, tmp_path):
    def answer(lake, output) -> tuple[int, str, str]:
        first = Lake(folder / "lake").releases()[-1].id
        words = command.replace("FIRST", first).replace("OUT", str(tmp_path / output)).split()
        done = wardrobe(*(word.replace("|", " ") for word in words), "--lake", lake)
        text = "\n".join(
            done.stdout.replace(str(lake), "LAKE")
            .replace(str(tmp_path / output), "OUT")
            .split("\n")
        )
        text = re.sub(r"last success.*|checks  .*", "", text)
        return done.returncode, text, done.stderr.replace(str(lake), "LAKE")

    local, distant = answer(folder / "lake", "local"), answer(remote, "remote")
    assert distant == local
    assert local[0] == (2 if "nowhere" in command else 0), local
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    for path in written:
        if path.parts[0].startswith("local") and path.suffix not in (".duckdb", ".zip"):
            twin = tmp_path / str(path).replace("local", "remote", 1)
            assert twin.read_bytes() == (tmp_path / path).read_bytes(), path


def test_rollback_and_deletion_by_command(remote, stub):
    lake = open_lake(remote)
    current, *_, first = lake.releases()
    words = ("--lake", remote)
    assert wardrobe("rollback", first.id, *words).stdout.startswith(f"{first.id} is current;")
    refused = wardrobe("derive", *words)
    assert is_one_sentence(refused) and "pass --resume" in refused.stderr
    assert wardrobe("rollback", "--resume", *words).returncode == 0
    deleted = wardrobe("releases", "--keep", "1", *words).stdout
    assert deleted.count("deleted ") == 1  # the newest stays, and the current one
    assert [release.id for release in lake.releases()] == [current.id, first.id]
    done = wardrobe("derive", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nothing changed")


def test_the_list_of_tables_is_three_requests(remote, stub):
    assert wardrobe("tables", "--lake", remote).returncode == 0
    assert dict(stub.requests) == {"GET": 3}  # lake.json, current.json, manifest.json


def test_sql_of_users_is_confined(folder, remote, stub):
    release = open_lake(remote).release()
    names = {path.key for paths in release.tables().values() for path in paths}
    before = dict(stub.objects)
    con = open_read_only(release.tables())
    stub.reset()
    key = next(iter(names))
    for out in ("s3://bucket/new.csv", f"s3://bucket/{key}", "release://new.csv"):
        for text in (*WRITES, *LIMITS):
            if "{out}" in text or out.endswith("new.csv"):
                with pytest.raises(InputError):
                    run_user_sql(
                        con, text.replace("{out}", out).replace("{secret}", "x")
                    ).read_all()
    for text in (
        "select * from 's3://bucket/a/lake/current.json'",
        "select * from read_text('s3://bucket/a/lake/lake.json')",
        "select * from read_text('release://manifest.json')",
        "select * from read_parquet('release://../lake.json')",
        "select * from glob('s3://bucket/**')",
    ):
        with pytest.raises(InputError):
            run_user_sql(con, text).read_all()
    assert run_user_sql(con, "select count(*) from items").read_all().num_rows == 1
    assert set(stub.requests) <= {"GET"} and {key for _, key in stub.log} <= names
    assert stub.objects == before


def test_notebooks_read_the_same_rows(folder, remote):
    local, distant = open_release(folder / "lake"), open_release(str(remote))
    assert distant.tables == local.tables and str(remote) in repr(distant)
    for name, rows in local.tables.items():
        if rows:
            table = distant.arrow(name)
            assert table.equals(local.arrow(name)), name
            assert distant.polars(name).collect().equals(local.polars(name).collect())
    statement = "select * from landmarks order by all"
    with local.duckdb() as one, distant.duckdb() as other:
        assert other.sql(statement).fetchall() == one.sql(statement).fetchall()


def test_feeds_read_the_same_samples(folder, remote, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_CACHE", str(tmp_path))
    for dataset, split, options in (
        ("deepfashion2", "train", {"task": "landmarks"}),
        ("fashion-mnist", "test", {"task": "classification"}),
    ):
        local = open_release(folder / "lake").feed(dataset, split, **options)
        monkeypatch.setenv("WARDROBE_CACHE", str(tmp_path / "remote"))
        distant = open_release(remote).feed(dataset, split, **options)
        assert len(distant) == len(local) > 0
        for mine, yours in zip(local, distant, strict=True):
            assert mine.keys() == yours.keys()
            assert all(np.array_equal(mine[key], yours[key]) for key in ("image", "image_id"))
        assert np.array_equal(pickle.loads(pickle.dumps(distant))[0]["image"], local[0]["image"])


def test_a_store_that_does_not_answer_is_a_sentence(remote, stub, monkeypatch):
    retry_often(monkeypatch, 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for words in (("tables",), ("releases",), ("ingest", "deepfashion2", ".")):
        done = wardrobe(*words, "--lake", remote)
        assert is_one_sentence(done) and "it cannot be reached" in done.stderr, done


def test_a_store_that_fails_while_a_query_reads_is_a_sentence(remote, stub):
    stub.refuse = re.compile("items/")
    for words in (("query", "split_totals"), ("sql", "from items"), ("verify",), ("derive",)):
        done = wardrobe(*words, "--lake", remote)
        text = done.stdout if words == ("verify",) else done.stderr
        assert "the store refused access (AccessDenied: As told)" in text, done
        assert words == ("verify",) or is_one_sentence(done), done
    assert not any("runs/" in key for key in stub.objects)


FORK = """
import os, sys
from flows.lake import open_lake

open_lake(sys.argv[1]).release()
if os.fork() == 0:
    try:
        open_lake(sys.argv[1]).release()
    except ValueError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
"""


def test_a_process_that_was_forked_gets_a_sentence(remote):
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(remote)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("s3://bucket cannot be read in a process that was forked"), done
