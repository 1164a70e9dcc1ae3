"""Rejections: one table, the same rules for every source, and --strict for each of them."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import packing
import pytest
from command_line import is_one_sentence, wardrobe
from ingesting import built_parts, ingested, rows_of

from flows.lake import Lake
from flows.pipelines.outcome import PublicationBlocked
from schemas.rejection_rules import RULES

pytestmark = pytest.mark.slow

SPLIT = "train"


def break_deepfashion2(source: Path) -> dict[str, tuple[int, int]]:
    """Break one document for each of several rules; documents and items refused by rule."""
    folder = source / SPLIT / "annos"
    whole, *items = sorted(folder.iterdir())[:5]
    whole.write_text("{")
    changes = [
        {"landmarks": [1, 2, 2]},
        {"bounding_box": [50, 50, 10, 10]},
        {"scale": 9},
        {"category_id": 99},
    ]
    for path, change in zip(items, changes, strict=True):
        document = json.loads(path.read_text())
        document["item1"] |= change
        path.write_text(json.dumps(document))
    (folder / "notes.txt").write_text("not an annotation")
    (folder / f"{int(whole.stem)}.json").write_text("{}")
    return {
        "image_id_clash": (1, 0),
        "inverted_box": (0, 1),
        "landmark_count": (0, 1),
        "not_json": (1, 0),
        "unexpected_file_name": (1, 0),
        "unknown_category": (0, 1),
        "unknown_code": (0, 1),
    }


def break_fashionai(source: Path) -> dict[str, tuple[int, int]]:
    """Break rows of the CSV, and put a strange file among the pictures."""
    table = source / SPLIT / "Annotations" / "train.csv"
    header, first, second, third, fourth, *others = table.read_text().splitlines()
    cells = second.split(",")
    broken = [
        first,
        ",".join([*cells[:4], "a_b_c", *cells[5:]]),
        third.rpartition(",")[0],
        fourth.replace(f",{fourth.split(',')[1]},", ",hat,", 1),
    ]
    table.write_text("\n".join([header, *broken, *others, first]) + "\n")
    (source / SPLIT / "Images" / "skirt" / "notes.txt").write_text("no picture")
    return {
        "bad_cell": (1, 0),
        "bad_row": (1, 0),
        "exact_duplicate": (1, 0),
        "unexpected_file_name": (1, 0),
        "unknown_category": (1, 0),
    }


def break_fashion_mnist(source: Path) -> dict[str, tuple[int, int]]:
    """Write a label that is not a class."""
    import gzip

    (path,) = source.rglob("train-labels*")
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[8 + 3] = 77
    path.write_bytes(gzip.compress(bytes(data), mtime=0))
    return {"unknown_category": (0, 1)}


BREAK: dict[str, Callable[[Path], dict[str, tuple[int, int]]]] = {
    "deepfashion2": break_deepfashion2,
    "fashionai": break_fashionai,
    "fashion-mnist": break_fashion_mnist,
}


@pytest.fixture(scope="module")
def broken(sources, tmp_path_factory) -> tuple[Path, dict[str, dict[str, tuple[int, int]]]]:
    """Every sample with some of it broken, and what of each is to be refused."""
    folder = tmp_path_factory.mktemp("broken")
    expected = {}
    for dataset, breaking in BREAK.items():
        expected[dataset] = breaking(shutil.copytree(sources / dataset, folder / dataset))
    return folder, expected


@pytest.fixture(scope="module")
def lake(broken, tmp_path_factory) -> Path:
    """A lake of all the broken samples, each allowed to be."""
    folder, _ = broken
    root = tmp_path_factory.mktemp("lake") / "lake"
    for dataset in BREAK:
        summary = ingested(dataset, folder / dataset, root, allow_refused=[SPLIT])
        assert any("see `wardrobe rejections`" in note for note in summary.warnings)
    return root


@pytest.mark.parametrize("dataset", BREAK)
def test_every_source_refuses_in_the_same_words(dataset, broken, lake):
    _, expected = broken
    rows = rows_of(
        lake,
        "select rule, count(*) filter (item_no is null), count(item_no) from rejections "
        f"where dataset = '{dataset}' group by rule",
    )
    by_rule = {rule: (documents, items) for rule, documents, items in rows}
    assert by_rule == expected[dataset]
    assert by_rule.keys() <= RULES.keys()


@pytest.mark.parametrize("dataset", BREAK)
def test_what_was_read_was_written_or_refused(dataset, lake):
    counts = Lake(lake).release().manifest.split_counts(dataset)
    for split in counts.values():
        assert split["documents_read"] == split["images"] + split["documents_refused"]
        assert split["items_read"] == split["items"] + split["items_refused"]


@pytest.mark.parametrize("dataset", BREAK)
def test_strict_publishes_nothing_and_shows_what_was_refused(dataset, broken, tmp_path):
    folder, expected = broken
    lake = tmp_path / "lake"
    done = wardrobe("ingest", dataset, folder / dataset, "--strict", "--workers", 1, lake=lake)
    assert done.returncode == 1
    total = sum(documents + items for documents, items in expected[dataset].values())
    sentence, _, _, *rows = done.stdout.splitlines()
    assert sentence == (
        f"nothing was published: {total} documents or items were refused, and --strict allows none"
    )
    assert [row.split()[2] for row in rows] == sorted(expected[dataset])
    assert Lake(lake).releases() == []


def test_strict_objects_to_what_an_earlier_run_allowed(broken, lake):
    folder, _ = broken
    release = Lake(lake).release().id
    again = ingested("fashion-mnist", folder / "fashion-mnist", lake)
    assert "nothing changed" in again.sentence
    with pytest.raises(PublicationBlocked) as blocked:
        ingested("fashion-mnist", folder / "fashion-mnist", lake, strict=True)
    assert blocked.value.rejections["rule"].to_pylist() == ["unknown_category"]
    ingested("fashion-mnist", folder / "fashion-mnist", lake, strict=True, splits=["test"])
    assert Lake(lake).release().id == release


def test_strict_names_the_rejections_of_the_splits_that_it_read_only(broken, tmp_path):
    """Two splits have rejections; a strict run of one of them lists only its own."""
    folder, _ = broken
    source = shutil.copytree(folder / "deepfashion2", tmp_path / "source")
    first = sorted((source / "validation" / "annos").iterdir())[0]
    first.write_text("{")
    ingested("deepfashion2", source, tmp_path / "lake", allow_refused=[SPLIT, "validation"])
    os.utime(first)
    with pytest.raises(PublicationBlocked, match="1 documents or items") as blocked:
        ingested("deepfashion2", source, tmp_path / "lake", strict=True, splits=["validation"])
    assert blocked.value.rejections["split"].to_pylist() == ["validation"]


def test_strict_publishes_a_source_without_rejections(sources, tmp_path):
    source = sources / "fashion-mnist"
    assert ingested("fashion-mnist", source, tmp_path / "lake", strict=True).release


def test_a_split_refused_too_often_is_blocked_with_the_reasons(broken, tmp_path):
    folder, expected = broken
    with pytest.raises(PublicationBlocked, match="--allow-refused train") as blocked:
        ingested("deepfashion2", folder / "deepfashion2", tmp_path / "lake")
    assert blocked.value.rejections["rule"].to_pylist() == sorted(expected["deepfashion2"])
    assert "train: 1 refused for not_json, as train/annos/" in blocked.value.as_markdown()


def test_the_command_groups_by_rule_with_an_example_each(broken, lake):
    _, expected = broken
    done = wardrobe("rejections", "--format", "json", lake=lake)
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert [(row["dataset"], row["rule"]) for row in rows] == sorted(
        (dataset, rule) for dataset, rules in expected.items() for rule in rules
    )
    assert all(row["example_file"] and row["example_message"] for row in rows)
    (bad_cell,) = [row for row in rows if row["rule"] == "bad_cell"]
    assert bad_cell["example_file"] == "train/Annotations/train.csv"
    assert bad_cell["example_message"].startswith("row 3, column center_front: ")


def test_the_command_lists_the_files_that_broke_a_rule(broken, lake):
    rule = "unknown_category"
    done = wardrobe("rejections", "--rule", rule, "--format", "json", lake=lake)
    rows = json.loads(done.stdout)
    assert sorted({row["dataset"] for row in rows}) == [
        "deepfashion2",
        "fashion-mnist",
        "fashionai",
    ]
    text = f"select file_name, message, item_no from rejections where rule = '{rule}'"
    listed = [(row["file_name"], row["message"], row["item_no"]) for row in rows]
    assert Counter(listed) == Counter(rows_of(lake, text))
    none = wardrobe("rejections", "--rule", "non_finite", lake=lake)
    assert (none.returncode, none.stdout) == (0, "nothing was refused for non_finite\n")
    assert is_one_sentence(wardrobe("rejections", "--rule", "bad", lake=lake))


def test_every_refusal_can_be_looked_up_by_its_file(lake):
    unnamed = rows_of(
        lake,
        "select * from rejections where file_name = '' or message = '' or length(excerpt) > 200",
    )
    assert unnamed == []


def test_a_zip_is_refused_in_the_same_words_as_its_folder(broken, tmp_path):
    folder, _ = broken
    source = folder / "deepfashion2"
    paths = [path for path in (source / SPLIT).rglob("*") if path.is_file()]
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
    packing.write_plain(tmp_path / "train.zip", files)
    from_zip, from_folder = (
        built_parts("deepfashion2", path, tmp_path / f"parts{len(splits)}", splits=splits)
        for path, splits in ((tmp_path / "train.zip", []), (source, [SPLIT]))
    )
    assert [(part.part, part.files, part.counts) for part in from_zip] == [
        (part.part, part.files, part.counts) for part in from_folder
    ]
    refused = [part.counts["documents_refused"] + part.counts["items_refused"] for part in from_zip]
    assert sum(refused) == 7
