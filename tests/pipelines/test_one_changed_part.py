"""A release made from its parent's results equals one that is computed from all of its parts."""

import json
import random
import shutil

import pytest
from builders import items_of, made_up_documents
from ingesting import ingested

from flows.lake import Lake, versions
from flows.pipelines import changed_parts, derive
from flows.pipelines.changed_parts import part_changes
from flows.pipelines.query import check_release
from flows.warehouse import queries, run
from schemas.datasets import PART_SIZE

pytestmark = pytest.mark.slow

PARTS = {"train": 4, "validation": 2}
ALLOWED = {"allow_shrink": [*PARTS], "allow_refused": [*PARTS]}


def write(source, chance, split, part):
    """Documents of some images of a part, some of them without a picture's size."""
    folder = source / split / "annos"
    folder.mkdir(parents=True, exist_ok=True)
    for number, document in made_up_documents(chance.randrange(10**6), 5).items():
        del document["width"], document["height"]
        for _, item in items_of(document):
            item["bounding_box"][0] = item["bounding_box"][2] if chance.random() < 0.1 else 1
        (folder / f"{part * PART_SIZE + number:06}.json").write_text(json.dumps(document))


@pytest.fixture
def source(tmp_path):
    for split, parts in PARTS.items():
        for part in range(parts):
            write(tmp_path / "source", random.Random(part), split, part)
    return tmp_path / "source"


def rewrite(document, **values):
    """Change values of a document, or of its items where they have them."""
    content = json.loads(document.read_bytes())
    for part in (content, *(item for _, item in items_of(content))):
        part |= {name: value for name, value in values.items() if name in part}
    document.write_text(json.dumps(content))


SINGLE_COLUMNS = {
    "pair_id": ({"pair_id": 2}, {"pair_id": 1}),
    "box": ({"bounding_box": [3, 3, 9, 9]}, {"bounding_box": [3, 3, 9, 8]}),
    "landmarks": ({"landmarks": [7, 7, 2] * 25}, {"landmarks": [7, 8, 2] * 25}),
    "category": (
        {"category_id": 1, "category_name": "short sleeve top", "landmarks": [7, 7, 2] * 25},
        {"category_id": 5, "category_name": "vest", "landmarks": [7, 7, 2] * 15},
    ),
}
"""Values of a document before and after a change of few columns."""

PAIRED = {"pair_id", "category"}
"""Changes of columns that pairs are made of."""


KINDS_OF_CHANGE = [
    *("changed", "renamed", "added", "deleted", "part removed", "other SQL", "other code"),
    *SINGLE_COLUMNS,
]


def change(chance, source, monkeypatch):
    """A random change of the source, or of what judges it; what was changed."""
    split = chance.choice([*PARTS])
    documents = sorted((source / split / "annos").glob("*.json"))
    document = chance.choice(documents)
    what = chance.choice(KINDS_OF_CHANGE)
    monkeypatch.setattr(changed_parts, "versions", versions)
    if what in SINGLE_COLUMNS:
        rewrite(document, **SINGLE_COLUMNS[what][chance.randrange(2)])
    elif what == "renamed":
        number = int(document.stem) // PART_SIZE * PART_SIZE + 9
        document.rename(document.with_name(f"{number:06}.json"))
    elif what == "changed":
        content = json.loads(document.read_bytes()) | {"pair_id": chance.randint(1, 3)}
        for _, item in items_of(content):
            item["landmarks"][:3] = [chance.randint(1, 900), 1, 2]
            item["style"] = chance.randint(0, 3)
        document.write_text(json.dumps(content))
    elif what == "added":
        write(source, chance, split, chance.randint(0, 6))
    elif what == "deleted":
        document.unlink()
    elif what == "part removed":
        part = int(documents[0].stem) // PART_SIZE
        if int(documents[-1].stem) // PART_SIZE > part:
            for document in documents:
                if int(document.stem) // PART_SIZE == part:
                    document.unlink()
    elif what == "other SQL":
        number = f"{chance.random()}"
        monkeypatch.setattr(derive, "sql_hash", lambda: number)
    else:
        monkeypatch.setattr(changed_parts, "versions", lambda: {"wardrobe": "other"})
    return what


def assert_as_from_scratch(lake):
    """A derivation from all parts publishes nothing, and all checks have the recorded verdicts."""
    release = Lake(lake).release()
    assert derive.derive(lake).release == release.id
    verdicts = {row["check"]: row for row in check_release(lake, None).to_pylist()}
    for record in release.manifest.checks:
        verdict = verdicts[record["check"]]
        numbers = ("rows", "examined", "not_examined")
        assert {n: record[n] for n in numbers} == {n: verdict[n] for n in numbers}, record
        first = "; ".join(
            f"{name}={value}" for name, value in (record["examples"] or [{}])[0].items()
        )
        assert verdict["example"].startswith(first), record


@pytest.mark.parametrize("seed", [1])
def test_random_changes_give_what_all_parts_give(seed, source, tmp_path, monkeypatch):
    chance, lake = random.Random(seed), tmp_path / "lake"
    ingested("deepfashion2", source, lake, **ALLOWED)
    for _ in range(5):
        what = change(chance, source, monkeypatch)
        ingested("deepfashion2", source, lake, **ALLOWED)
        print(seed, what, Lake(lake).release().manifest.changes.sentence)  # where it fails
        assert_as_from_scratch(lake)


@pytest.fixture
def computed(monkeypatch):
    """Names of the queries and checks that are computed from rows."""
    names = []

    def record(module, function, place):
        original = getattr(module, function)

        def recorded(*given):
            names.append(getattr(given[place], "name", given[place]))
            return original(*given)

        monkeypatch.setattr(module, function, recorded)

    record(derive, "stream_query", 1)
    record(derive, "add_up", 0)
    record(run, "_run_check", 1)
    return names


def test_changes_of_few_columns_give_what_all_parts_give(source, tmp_path, computed):
    lake, document = tmp_path / "lake", source / "train" / "annos" / f"{PART_SIZE + 1:06}.json"
    for values, _ in reversed(SINGLE_COLUMNS.values()):
        rewrite(document, **values)
    ingested("deepfashion2", source, lake)
    everything = {*computed}
    for column, (_, values) in SINGLE_COLUMNS.items():
        rewrite(document, **values)
        computed.clear()
        ingested("deepfashion2", source, lake)
        assert {*computed} < everything, column
        assert ("positive_pairs" in computed) == (column in PAIRED), column
        assert ("pairs_hold_the_rule" in computed) == (column in PAIRED), column
        assert_as_from_scratch(lake)


def test_a_removed_split_takes_its_numbers_away(source, tmp_path):
    ingested("deepfashion2", source, tmp_path / "lake")
    shutil.rmtree(source / "validation")
    ingested("deepfashion2", source, tmp_path / "lake", prune=True)
    assert_as_from_scratch(tmp_path / "lake")


@pytest.mark.parametrize("table", ["checks/part_counts", "statistics/landmark_totals", "landmarks"])
def test_damaged_results_are_computed_again(table, source, tmp_path):
    lake = tmp_path / "lake"
    ingested("deepfashion2", source, lake)
    release = Lake(lake).release()
    # Files that are well-formed, of another source.
    others = tmp_path / "others"
    shutil.copytree(source, others)
    for part in (0, 1):
        write(others, random.Random(9), "train", part)
    ingested("deepfashion2", others, tmp_path / "other_lake")
    write(source, random.Random(8), "train", 1)
    path = next(p for p in release.files(table) if p.match("*train/*-00001.*") or "_" in p.stem)
    path.chmod(0o644)
    other = tmp_path / "other_lake" / "current" / path.relative_to(release.path)
    path.write_bytes(other.read_bytes())
    ingested("deepfashion2", source, lake, **ALLOWED)
    assert_as_from_scratch(lake)


@pytest.mark.parametrize("table", ["pairs", "statistics/items_by_category"])
def test_a_damaged_derived_table_is_not_taken_from_the_parent(table, source, tmp_path, computed):
    lake, document = tmp_path / "lake", source / "train" / "annos" / f"{PART_SIZE + 1:06}.json"
    rewrite(document, **SINGLE_COLUMNS["category"][0])
    ingested("deepfashion2", source, lake)
    rewrite(document, **SINGLE_COLUMNS["landmarks"][1])
    path = Lake(lake).release().files(table)[0]
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    computed.clear()
    ingested("deepfashion2", source, lake)
    name = "positive_pairs" if table == "pairs" else table.removeprefix("statistics/")
    assert name in computed
    assert_as_from_scratch(lake)


def test_only_changed_parts_are_read(source, tmp_path, monkeypatch):
    lake = tmp_path / "lake"
    ingested("deepfashion2", source, lake)
    changes = []

    def recorded(*given):
        changes.append(part_changes(*given))
        return changes[-1]

    monkeypatch.setattr(derive, "part_changes", recorded)
    document = source / "train" / "annos" / f"{PART_SIZE + 1:06}.json"
    document.write_text(json.dumps(json.loads(document.read_bytes()) | {"pair_id": 99}))
    ingested("deepfashion2", source, lake)
    (change,) = changes
    assert change.parts == {"deepfashion2/train/00001"}
    assert {path.name for paths in change.before.values() for path in paths} == {
        "part-00001.parquet"
    }
    assert {*change.kept["part"].to_pylist()} == {
        f"deepfashion2/{split}/{part:05}" for split, parts in PARTS.items() for part in range(parts)
    } - change.parts
    assert {"sum", "whole"} == {each.scope for each in queries("statistics")}
