"""Selections of exports: a condition, keys and excluded keys, in COCO, YOLO and training sets."""

import json
import logging
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from browsed import client_of
from command_line import is_one_sentence, wardrobe
from releases import image, item, write_release
from user_sql_attacks import READS, WRITES

from flows import export as export_flow
from flows.exports.training.options import TrainingOptions
from flows.pipelines.export_training import export_training
from flows.pipelines.selected_rows import select_rows
from flows.pipelines.selection import Selection
from flows.release import Release
from schemas.errors import InputError


def photos():
    """Image n has items of the categories 1 to n % 4, the first without a style; 4 and 8 none."""
    for number in range(1, 10):
        items = [item(category, style=None if category == 1 else 7) for category in (1, 2, 3)]
        yield image(number, *items[: number % 4], pair_id=number // 3)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Those images, in a lake."""
    path = write_release(tmp_path_factory.mktemp("selections"), [*photos()])
    (path.parents[1] / "current").symlink_to(f"releases/{path.name}")
    return Release(path)


@pytest.fixture
def lake(release):
    """The lake of that release."""
    return release.path.parents[1]


def select(release, *, by_item=False, **options):
    return select_rows(release, "deepfashion2", "train", Selection(**options), by_item=by_item)


def keys_of(release, **options):
    return [tuple(row.values()) for row in select(release, **options).keys.to_pylist()]


def write_list(path, *rows, columns="dataset,split,image_id"):
    lines = [columns, *(f"deepfashion2,train,{row}" for row in rows)]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


ITEM_COLUMNS = "dataset,split,image_id,item_no"


def test_a_condition_selects_items_or_the_images_that_have_them(release):
    assert keys_of(release, where="category_id = 3") == [(3,), (7,)]
    assert keys_of(release, where="category_id = 3", by_item=True) == [(3, 3), (7, 3)]
    assert keys_of(release, where="category_id = 3 -- a comment") == [(3,), (7,)]
    assert select(release) is None


@pytest.mark.parametrize("condition", ["style > 6", "category_id = 2", "image_id % 2 = 0", "null"])
def test_a_condition_its_negation_and_its_null_are_all_items(release, condition):
    parts = []
    for where in (condition, f"not ({condition})", f"({condition}) is null"):
        try:
            parts.append(keys_of(release, where=where, by_item=True))
        except InputError as error:
            assert "has nothing to export" in str(error)
    everything = [(n, k) for n in range(1, 10) for k in range(1, n % 4 + 1)]
    assert sorted(key for part in parts for key in part) == everything


def test_condition_keys_and_excluded_keys_combine(release, tmp_path):
    keys = write_list(tmp_path / "keys.csv", 1, 2, 3, 4, 3)
    exclude = write_list(tmp_path / "x.csv", "2,2", columns=ITEM_COLUMNS)
    assert keys_of(release, keys=keys) == [(1,), (2,), (3,), (4,)]
    assert keys_of(release, keys=keys, by_item=True) == [
        *((1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)),
    ]
    assert (2,) not in keys_of(release, exclude=exclude), "an image with an excluded item"
    assert {(2, 1), (2, 2)} & {*keys_of(release, exclude=exclude, by_item=True)} == {(2, 1)}
    record = select(release, where="category_id > 1", keys=keys, exclude=exclude).record
    assert record.left_out == {
        "not matching the condition": 5,
        "not among the keys": 2,
        "excluded": 1,
    }
    assert (record.rows, record.selected, record.terms.keys.keys) == (9, 1, 4)


def test_counts_are_of_the_split_and_the_hash_is_of_the_selected_keys(release, tmp_path):
    record = select(release, where="category_id > 1").record
    assert record.rows == record.selected + sum(record.left_out.values()) == 9
    numbers = [number for (number,) in keys_of(release, where="category_id > 1")]
    path = write_list(tmp_path / "keys.csv", *numbers)
    assert select(release, keys=path).record.sha256 == record.sha256
    assert select(release, where="category_id > 2").record.sha256 != record.sha256


def test_keys_that_the_release_lacks_are_counted_and_named(release, tmp_path):
    path = write_list(tmp_path / "keys.csv", 1, 12, 11)
    _, note = select(release, keys=path).notes
    assert note.startswith("2 of the 3 keys of deepfashion2 train in ")
    assert note.endswith("the first is deepfashion2/train/11")
    for option in ("keys", "exclude"):
        path = write_list(tmp_path / "keys.csv", "1,2", "12,1", columns=ITEM_COLUMNS)
        with pytest.raises(InputError, match=r"2 of the 2 keys .* is deepfashion2/train/1/2"):
            select(release, **{option: path})
    path.write_text("dataset,split,image_id\ndeepfashion2,validation,1\n")
    with pytest.raises(InputError, match=r"none of the keys in .* is in deepfashion2 train"):
        select(release, keys=path)
    assert select(release, exclude=path).record.selected == 9, "a list for other splits"


@pytest.mark.parametrize(
    "condition",
    [
        "true; select 1",
        "true) or (true",
        "true union select 1",
        "true order by 1",
        "true limit 1",
        "image_id = $a",
        "true /*",
        "",
        "count(*) > 0",
        "no_such_column > 1",
        "cast(category_name as integer) > 1",
        "random() < 0.5",
        "now() > timestamptz '2026-01-01'",
        "current_date > date '2026-01-01'",
        "image_id in (select image_id from images using sample 3)",
        "exists (from images where uuid() is not null)",
        "(" * 2000 + "1" + ")" * 1999,
    ],
)
def test_other_text_than_one_repeatable_condition_is_refused(release, condition):
    with pytest.raises(InputError):
        select(release, where=condition)


@pytest.mark.slow
def test_a_condition_can_neither_write_nor_read_other_files(release, tmp_path):
    secret, out = tmp_path / "secret.txt", tmp_path / "out"
    secret.write_text("secret content")
    for attack in (*WRITES[::6], *READS[::3]):
        statement = attack.replace("{out}", str(out)).replace("{secret}", str(secret))
        with pytest.raises(InputError) as refused:
            select(release, where=f"exists ({statement})")
        assert "secret content" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


def export(kind, lake, output, *words):
    return wardrobe(
        *("export", kind, "deepfashion2", "train", "--output", output, *words), lake=lake
    )


def test_coco_writes_whole_images_and_describes_the_selection(lake, tmp_path):
    words = ("--where", "category_id = 2")
    done = export("coco", lake, tmp_path / "a.json", *words)
    sentence = "selected 4 of 9 images (5 not matching the condition)"
    assert (done.returncode, done.stderr) == (0, f"note: {sentence}\n")
    export("coco", lake, tmp_path / "b.json", *words)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    content = json.loads((tmp_path / "a.json").read_text())
    assert [record["id"] for record in content["images"]] == [2, 3, 6, 7]
    assert len(content["annotations"]) == 2 + 3 + 2 + 3, "the other items of these images too"
    assert content["info"]["description"] == f"deepfashion2 train: {sentence}"
    assert content["info"]["selection"]["terms"] == {"where": "category_id = 2"}
    export("coco", lake, tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text())["info"] == {}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_keys_downloaded_from_the_page_export_what_its_condition_does(lake, tmp_path, form):
    condition = "category_id = 2 and style > 0"
    response = client_of(lake).get(f"/keys.{form}", params={"where": condition})
    keys = tmp_path / f"keys.{form}"
    keys.write_bytes(response.content)
    for name, words in (("a", ("--where", condition)), ("b", ("--keys", keys))):
        assert export("coco", lake, tmp_path / f"{name}.json", *words).returncode == 0
    by_condition, by_keys = (json.loads((tmp_path / f"{name}.json").read_text()) for name in "ab")
    hashes = {content.pop("info")["selection"]["sha256"] for content in (by_condition, by_keys)}
    assert len(hashes) == 1 and by_condition == by_keys
    assert len(by_keys["images"]) == 4
    refused = export("coco", lake, keys, "--keys", keys)
    assert is_one_sentence(refused) and "is a file that the command reads" in refused.stderr


@pytest.mark.slow
def test_yolo_holds_one_selection_of_a_subset(lake, tmp_path):
    folder = tmp_path / "yolo"
    assert export("yolo", lake, folder, "--where", "category_id = 2").returncode == 0
    assert sorted(int(path.stem) for path in (folder / "images/train").iterdir()) == [2, 3, 6, 7]
    labels = [path.read_text() for path in sorted((folder / "labels/train").iterdir())]
    assert [text.count("\n") for text in labels] == [2, 3, 2, 3]
    subset = yaml.safe_load((folder / "data.yaml").read_text())["wardrobe"]["subsets"]["train"]
    assert subset["selection"]["selected"] == subset["images"] == 4
    for words in ((), ("--where", "category_id = 1")):
        refused = export("yolo", lake, folder, *words)
        assert is_one_sentence(refused) and "holds another selection of train" in refused.stderr
    assert export("yolo", lake, folder, "--where", "category_id = 2").returncode == 0


@pytest.mark.slow
def test_a_training_set_has_the_selection_in_footers_and_card(release, tmp_path):
    folder = tmp_path / "set"
    place = {"split": "train", "output": folder, "run": map, "shards": 2}
    options = TrainingOptions("detection", crop_items=True)
    selected = select(release, where="category_id = 2", by_item=True)
    made = export_training(release, "deepfashion2", **place, options=options, selected=selected)
    rows = pa.concat_tables(map(pq.read_table, sorted(folder.rglob("*.parquet")))).to_pylist()
    assert [(row["image_id"], row["item_no"]) for row in rows] == [(2, 2), (3, 2), (6, 2), (7, 2)]
    assert all(shard.footer.selection == selected.record.terms for shard in made.shards)
    assert f"- train: {selected.record.sentence}." in (folder / "README.md").read_text()
    before = {path.name: path.read_bytes() for path in folder.rglob("*.*")}
    again = export_training(release, "deepfashion2", **place, options=options, selected=selected)
    assert again.written == 0 and again.origin.selection == selected.record
    shutil.rmtree(folder)
    export_training(release, "deepfashion2", **place, options=options, selected=selected)
    assert {path.name: path.read_bytes() for path in folder.rglob("*.*")} == before
    with pytest.raises(InputError, match="exported with another selection: add --replace"):
        export_training(release, "deepfashion2", **place, options=options)
    whole = export_training(release, "deepfashion2", **place, options=options, replace=True)
    assert whole.rows == 13 and b"selection" not in (folder / "README.md").read_bytes()


@pytest.mark.slow
def test_a_training_set_follows_a_condition_whose_other_tables_changed(tmp_path):
    images = [row | {"source": ("user", "shop")[row["image_id"] % 2]} for row in photos()]
    releases = [
        Release(write_release(tmp_path / str(pairs), images, pairs=pairs))
        for pairs in (False, True)
    ]
    place = {"split": "train", "output": tmp_path / "set", "run": map, "shards": 1}
    options, where = TrainingOptions("detection"), "category_id = 3 or exists (from pairs)"
    for opened, rows in zip(releases, (2, 7), strict=True):
        selected = select(opened, where=where)
        made = export_training(opened, "deepfashion2", **place, options=options, selected=selected)
        assert (made.rows, made.origin.selection) == (rows, selected.record)


@pytest.mark.slow
def test_a_selection_and_a_fold_combine_and_the_flow_takes_both(
    lake, tmp_path, monkeypatch, caplog
):
    numbers = []
    for fold in ("0/2", "1/2"):
        done = export("coco", lake, tmp_path / "x.json", "--where", "true", "--fold", fold)
        if done.returncode == 0:
            content = json.loads((tmp_path / "x.json").read_text())
            numbers += [record["id"] for record in content["images"]]
    assert sorted(numbers) == [1, 2, 3, 5, 6, 7, 9]
    monkeypatch.setattr(export_flow, "get_run_logger", lambda: logging.getLogger("flow"))
    monkeypatch.setattr(export_flow, "create_markdown_artifact", lambda key, markdown: None)
    sentence = export_flow.export_training_flow.fn(
        *("deepfashion2", "train", "retrieval", str(tmp_path / "set"), str(lake)),
        where="category_id < 3",
        exclude=str(write_list(tmp_path / "x.csv", 7)),
        workers=1,
    )
    assert ": 9 rows of" in sentence
    assert "selected 9 of 13 items" in caplog.text
