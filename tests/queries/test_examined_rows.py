"""How many rows each check examined: a check that could examine none is not ok."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import garment, photo
from releases import write_files

from flows.pipelines.audit import Audit
from flows.pipelines.query import verdict_rows
from flows.warehouse import (
    PartVerdicts,
    all_checks,
    count_by_part,
    open_warehouse,
    run_checks,
)

pytestmark = pytest.mark.slow

NO_ROWS = "no rows to examine"
SIZE = "the size of their picture, which its file gives"
BOX = {"box": (0, 0, 9, 9), "landmarks_visible": 1, "scale": "small", "occlusion": "slight"}
LISTED = {"list_no": 1, "image_id": 1, "split": "validation"}


def verdicts_of(folder, only=(), **tables):
    with open_warehouse(write_files(folder, **tables), threads=1) as warehouse:
        return {verdict.name: verdict for verdict in run_checks(warehouse, only=only)}


def test_each_check_counts_rows_of_a_release_that_has_all_tables(sound_files):
    with open_warehouse(sound_files, threads=1) as warehouse:
        verdicts = {verdict.name: verdict for verdict in run_checks(warehouse)}
    assert {name for name, verdict in verdicts.items() if verdict.failure} == set()
    assert {name for name, verdict in verdicts.items() if not verdict.examined} == {
        *("images.orientation_is_exif", "labels"),
        *("statistics.normaliser_lengths", "statistics.variations"),
    }
    rows = {"items": 7, "polygons": 10, "listed_gallery": 4, "triplets": 4}
    for table, count in rows.items():
        assert verdicts[f"{table}.unique"].examined == count, table


def test_a_check_without_any_row_is_not_checkable():
    with open_warehouse({}, threads=1) as warehouse:
        verdicts = run_checks(warehouse)
    assert {verdict.outcome for verdict in verdicts} == {"not checkable"}
    assert {verdict.example for verdict in verdicts} == {NO_ROWS}
    assert [verdict.name for verdict in verdicts] == [check.name for check in all_checks()]


@pytest.mark.parametrize(
    ("check", "image", "item", "tables", "outcome", "numbers", "why"),
    [
        ("leakage", {}, {}, {}, "not checkable", (0, 2), "a hash of their picture"),
        ("leakage", {"sha256": "aa"}, {}, {}, "ok", (1, 1), "1 of 2 rows lack a hash"),
        *(
            (f"{table}_outside_image", size, BOX, {table: [row]} if row else {}, *expected)
            for table, row in (
                ("boxes", None),
                ("landmarks", {"landmark_no": 1, "x": 1.0, "y": 1.0}),
                ("polygons", {"polygon_no": 1, "points": [1.0] * 6, "point_count": 3}),
            )
            for size, *expected in (
                ({}, "not checkable", (0, 1), f"1 of 1 rows lack {SIZE}"),
                ({"width": 9, "height": 9}, "ok", (1, 0), ""),
            )
        ),
        ("boxes_outside_image", {}, {}, {}, "not checkable", (0, 0), NO_ROWS),
        ("labels", {}, BOX, {}, "ok", (1, 1), f"1 of 2 rows lack {SIZE}"),
        ("listed_items_agree", {}, {}, {}, "not checkable", (0, 0), NO_ROWS),
        (
            *("listed_items_agree", {}, {}, {"listed_gallery": [LISTED]}),
            *("not checkable", (0, 1), "items in the split of their list"),
        ),
        ("items.box_is_upright", {}, {}, {}, "not checkable", (0, 0), NO_ROWS),
        ("items.box_is_upright", {}, BOX, {}, "ok", (1, 0), ""),
        ("items.words", {}, {}, {}, "ok", (1, 0), ""),
        ("triplets.unique", {}, {}, {}, "not checkable", (0, 0), NO_ROWS),
    ],
)
def test_rows_count_as_examined_where_the_release_has_what_the_check_needs(
    tmp_path, check, image, item, tables, outcome, numbers, why
):
    images = [photo(1, "user", 1, **image), photo(2, "shop", 2, width=5, height=5)]
    rows = {"images": images, "items": [garment(1, 1, **item)], **tables}
    verdict = verdicts_of(tmp_path, [check], **rows)[check]
    assert (verdict.outcome, (verdict.examined, verdict.not_examined)) == (outcome, numbers)
    assert why in verdict.example if why else not verdict.example
    assert not verdict.blocks


def test_a_run_names_the_checks_that_could_not_examine_all_rows(tmp_path):
    images = [photo(1, "user", 1, sha256="aa"), photo(2, "shop", 2)]
    verdicts = verdicts_of(tmp_path, ["leakage", "boxes_outside_image"], images=images)
    audit = Audit(list(verdicts.values()))
    assert [gap.partition(", which")[0] for gap in audit.gaps] == [
        "leakage, ok: 1 of 2 rows lack a hash of their picture"
    ]
    (boxes, leakage) = verdict_rows(audit.verdicts).to_pylist()
    assert (boxes["verdict"], boxes["examined"]) == ("not checkable", 0)
    assert (leakage["verdict"], leakage["examined"], leakage["not_examined"]) == ("ok", 1, 1)
    record = audit.as_records()[1]
    assert (record["examined"], record["not_examined"]) == (1, 1)


def judged_by_part(files, changed, **by_part):
    """The verdicts of a release of which only the tables `changed` are judged now."""
    with (
        open_warehouse(files, threads=1) as warehouse,
        open_warehouse(changed) as after,
        open_warehouse({**files, **by_part}, by_part=True) as counted,
    ):
        for path in (path for paths in by_part.values() for path in paths):
            path.unlink()
        parts = PartVerdicts(after, *count_by_part(counted), lambda parts: warehouse)
        return run_checks(warehouse, statistics=False, parts=parts)


def test_rows_of_linked_parts_count_as_examined(sound_files):
    judged = judged_by_part(sound_files, {"categories": sound_files["categories"]})
    with open_warehouse(sound_files, threads=1) as warehouse:
        whole = run_checks(warehouse, statistics=False)
    assert [replace(v, seconds=0) for v in judged] == [replace(v, seconds=0) for v in whole]
    assert any(verdict.rows for verdict in whole)


def test_rows_of_a_part_that_cannot_be_counted_are_a_failure(sound_files, tmp_path):
    whole, *_ = sound_files["polygons"]
    damaged = tmp_path / Path(*whole.parts[-4:])
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(whole.read_bytes())
    verdicts = judged_by_part(sound_files, {}, polygons=[damaged])
    for name in ("polygons.unique", "polygons_outside_image"):
        (verdict,) = (verdict for verdict in verdicts if verdict.name == name)
        assert verdict.blocks and damaged.name in verdict.failure
