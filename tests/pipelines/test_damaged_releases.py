"""Every command on a damaged release: one sentence that names the file, never a traceback."""

from contextvars import ContextVar
from pathlib import Path

import duckdb
import pytest
from command_line import is_one_sentence, wardrobe
from damaged_lakes import DAMAGE, MANIFEST, copy_of, damage_release
from mutated_releases import try_in_processes

from flows.lake import Lake
from flows.pipelines import query
from flows.pipelines.failures import failures_as_input_errors, sentence_of
from flows.release import differing_files, release
from flows.warehouse import engine_errors
from schemas.errors import InputError

READING = {
    "check": ["check"],
    "report": ["report", "--output", "OUT/report.html"],
    "show": ["show", "deepfashion2", "train", "1", "--output", "OUT/one.png"],
    "show pair": ["show", "deepfashion2", "train", "1", "--pair", "--output", "OUT/pair.png"],
    "sql": ["sql", "select sum(hash(COLUMNS(*))) from items"],
    "query": ["query", "images_per_pair"],
    "query as csv": ["query", "retrieval_gallery", "--format", "csv"],
    "rejections": ["rejections"],
    "export coco": ["export", "coco", "deepfashion2", "train", "--output", "OUT/coco.json"],
    "export information": [
        *("export", "information", "deepfashion2", "validation", "--output", "OUT/lists"),
    ],
    "export training": [
        *("export", "training", "deepfashion2", "train", "--task", "landmarks"),
        *("--output", "OUT/training"),
    ],
    "export yolo": ["export", "yolo", "deepfashion2", "train", "--output", "OUT/yolo"],
    "diff": ["diff", "FIRST", "current"],
    "derive": ["derive"],
    "pairs build": ["pairs", "build", "--seed", "7"],
    "tables": ["tables"],
    "ingest": ["ingest", "deepfashion2", "SOURCE", "--workers", "1"],
    "ingest dry": ["ingest", "deepfashion2", "SOURCE", "--dry-run"],
    "verify": ["verify"],
    "releases": ["releases"],
    "path": ["path"],
    "rollback": ["rollback", "FIRST"],
    "keep": ["releases", "--keep", "1"],
}
"""Every command that opens a release, by name."""

NO_PARQUET = {"tables", "releases", "path", "rollback", "keep"}
"""These read manifests only."""

CASES = [(name, "cut off") for name in READING] + [
    *(("sql", kind) for kind in DAMAGE if kind != "cut off"),
    *((name, "missing") for name in ("check", "ingest", "ingest dry")),
    *((name, "pages garbled") for name in ("derive", "show", "export training")),
]
"""Every command with one kind of damage, and one with all; tests/faults mutates at random."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_releases(sources, tmp_path_factory) -> Path:
    """A lake whose second release has other pairs, and the same files otherwise."""
    from ingesting import ingested

    from flows.pipelines.derive import PairSettings, derive

    root = tmp_path_factory.mktemp("two") / "lake"
    assert ingested("deepfashion2", sources / "deepfashion2", root).release
    derive(root, PairSettings(("positive", "negative_random")))
    return root


@pytest.fixture
def run(sources, tmp_path):
    """Run one of the commands on a lake."""

    def run(lake: Path, words: list[str]):
        first = Lake(lake).releases()[-1].id
        values = {"OUT": str(tmp_path), "SOURCE": str(sources / "deepfashion2"), "FIRST": first}
        for name, value in values.items():
            words = [word.replace(name, value) for word in words]
        return wardrobe(*words, lake=lake)

    return run


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_damaged_tables_are_one_sentence_that_names_a_file(name, kind, run, two_releases, tmp_path):
    lake = copy_of(two_releases, tmp_path / "lake")
    damaged = damage_release(lake, kind, "images", "items", "pairs")
    ended = run(lake, READING[name])
    if name in NO_PARQUET:
        assert ended.returncode == 0, ended.stderr
    elif name == "verify":
        assert ended.returncode == 1
        assert ended.stdout.count("part-00000.parquet") >= len(damaged)
    elif ended.returncode != 0 or name not in ("rejections", "diff"):  # which read other files
        assert is_one_sentence(ended), ended
        assert any(str(path) in ended.stderr for path in damaged), ended.stderr
        assert "`wardrobe verify" in ended.stderr


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_damaged_manifest_is_one_sentence_that_names_it(name, kind, run, two_releases, tmp_path):
    lake = copy_of(two_releases, tmp_path / "lake")
    (manifest,) = damage_release(lake, kind, MANIFEST)
    ended = run(lake, READING[name])
    if name in ("releases", "path", "rollback", "keep"):  # which get people out of it
        assert ended.returncode == 0, ended.stderr
    else:
        assert is_one_sentence(ended), ended
        assert str(manifest) in ended.stderr


def test_a_derivation_replaces_damaged_derived_tables(run, two_releases, tmp_path):
    lake = copy_of(two_releases, tmp_path / "lake")
    before = Lake(lake).release()
    damage_release(lake, "pages garbled", "pairs", "statistics/source_sizes")
    assert Lake(lake).verify() != []
    assert "derived tables rebuilt: row counts as before" in run(lake, ["derive"]).stdout
    after = Lake(lake).release()
    assert Lake(lake).verify() == [] and after.manifest.content == before.manifest.content
    assert run(lake, ["derive"]).stdout.startswith("nothing changed")


def test_one_missing_file_of_a_table_is_a_sentence_of_checks_and_of_an_ingest_without_changes(
    run, two_releases, tmp_path
):
    lake = copy_of(two_releases, tmp_path / "lake")
    assert "nothing changed" in run(lake, READING["ingest"]).stdout
    file = Lake(lake).release().files("landmarks", "deepfashion2", "validation")[0]
    file.unlink()
    for name in ("check", "ingest", "ingest dry", "derive"):
        ended = run(lake, READING[name])
        assert is_one_sentence(ended), ended
        assert f"{file} is missing: `wardrobe verify" in ended.stderr


def test_the_sentence_names_a_release_that_does_not_share_the_damaged_file(
    run, two_releases, tmp_path
):
    own = copy_of(two_releases, tmp_path / "own")
    newest, first = Lake(own).releases()
    changed = differing_files(newest, first, "pairs")[0]
    DAMAGE["cut off"](changed[0])
    assert f"`wardrobe rollback {first.id}` makes a release" in run(own, READING["check"]).stderr
    shared = copy_of(two_releases, tmp_path / "shared")
    damage_release(shared, "cut off", "images")
    sentence = run(shared, READING["derive"]).stderr
    assert "no other release is without it" in sentence and "rollback" not in sentence
    for file in Lake(shared).release().files("images"):
        file.unlink()  # in this release only: the other still has its links
    assert (
        f"`wardrobe rollback {first.id}` makes a release" in run(shared, READING["derive"]).stderr
    )


@pytest.mark.parametrize("name", READING)
def test_a_lake_that_is_a_file_is_one_sentence(name, sources, tmp_path):
    lake = tmp_path / "lake"
    lake.write_text("years of work")
    words = [word.replace("SOURCE", str(sources / "deepfashion2")) for word in READING[name]]
    words = [word.replace("OUT", str(tmp_path)) for word in words]
    ended = wardrobe(*words, lake=lake)
    assert is_one_sentence(ended), ended
    assert str(lake) in ended.stderr
    assert lake.read_text() == "years of work"


def test_a_bug_keeps_its_traceback_and_a_whole_release_is_not_blamed(
    two_releases, monkeypatch, nothing_read
):
    import flows.pipelines.tables

    def fail(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(flows.pipelines.tables, "table_rows", fail)
    with pytest.raises(KeyError, match="a bug"):
        wardrobe("tables", lake=two_releases)


@pytest.mark.parametrize("kind", ["manifest", "parquet"])
def test_mutated_files_of_a_release_give_a_sentence_or_rows(kind, two_releases, tmp_path):
    figures = try_in_processes(two_releases, tmp_path, kind, seed=1, cases=20)
    assert figures["cases"] == 20 and figures["noticed"] > 3


@pytest.fixture
def nothing_read(monkeypatch):
    """Other tests of this process read releases and damaged them."""
    monkeypatch.setattr(release, "_LAST_READ", ContextVar("last_read", default=()))


def test_an_error_of_an_engine_has_one_wording(nothing_read):
    for error in (
        duckdb.IOException("No magic bytes in release://items/part-00000.parquet\nmore"),
        duckdb.BinderException('"coun" is unknown\n\nLINE 1: select coun\nDid you mean "count"?'),
        duckdb.OutOfMemoryException("failed to pin a block"),
    ):
        with pytest.raises(InputError) as worded, engine_errors():
            raise error
        assert sentence_of(error) == str(worded.value)
    assert sentence_of(MemoryError()) == "there is not enough memory: MemoryError"
    assert sentence_of(OSError(28, "full", b"/tmp/x\xff")) == "/tmp/x\udcff: full"


def test_a_flow_names_the_damaged_file_too(two_releases, tmp_path):
    """What flows run under turns the error of an engine into the sentence of the commands."""
    lake = copy_of(two_releases, tmp_path / "lake")
    damaged = damage_release(lake, "cut off", "images")
    with pytest.raises(InputError, match="wardrobe verify") as caught, failures_as_input_errors():
        query.check_release(lake, None)
    assert any(str(path) in str(caught.value) for path in damaged)
