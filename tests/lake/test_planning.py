import pickle
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake_runs import a_part, numbers, planned, source
from memory import peak_in_a_process

from flows.decode.decoder import ignored_rows
from flows.lake import refused_splits, shrunk_splits
from flows.lake.part_members import in_order
from flows.release.manifest import Changes, FileRecord, Manifest, PartRecord
from schemas.errors import InputError
from schemas.source import ARRANGED, MEMBERS

VERSIONS = {"decoder": 1, "schema": 1}


def manifest_of(plan, **more: str) -> Manifest:
    """A parent that holds what a plan would build, and parts given as name -> fingerprint."""
    prints = {part.name: part.fingerprint for part in plan.changed} | more
    parts = {name: PartRecord(*name.split("/")[:2], prints[name], {}) for name in prints}
    files: list[FileRecord] = []
    stamp = "2026-11-21T00:00:00Z"
    return Manifest("r", stamp, None, "c", {}, {}, {}, parts, files, [], Changes(""), {})


def plan(members, parent=None, **options):
    return planned(members, parent=parent, **{"versions": VERSIONS, **options})


def test_a_part_holds_the_members_that_name_it_in_their_order():
    members = pa.concat_tables([source(numbers(5, 25)), source(numbers(3, 4), "validation")])
    parts = plan(members).changed
    assert [(part.name, part.read_members()["image_id"].to_pylist()) for part in parts] == [
        ("deepfashion2/train/00000", [5, 6, 7, 8, 9]),
        ("deepfashion2/train/00001", list(range(10, 20))),
        ("deepfashion2/train/00002", list(range(20, 26))),
        ("deepfashion2/validation/00000", [3, 4]),
    ]


@pytest.mark.slow
@given(st.permutations([0] * 9 + [1] * 10 + [2] * 10 + [3]))
def test_a_part_does_not_depend_on_where_others_are_in_the_listing(turns):
    listed = source(numbers(1, 30))
    waiting = {part.number: iter(part.read_members().to_pylist()) for part in plan(listed).changed}
    mixed = pa.Table.from_pylist([next(waiting[turn]) for turn in turns], schema=ARRANGED)
    assert plan(mixed).changed == plan(listed).changed


def test_a_fingerprint_is_the_same_in_any_chunks_and_of_any_slice():
    listed = source(numbers(1, 30))
    cut = pa.concat_tables([listed.slice(0, 7), listed.slice(7, 16), listed.slice(23)])
    longer = pa.concat_tables([source(numbers(1, 5), "test"), listed])
    expected = [part.fingerprint for part in plan(listed).changed]
    assert [part.fingerprint for part in plan(cut).changed] == expected
    assert [part.fingerprint for part in plan(longer.slice(5)).changed] == expected


@pytest.mark.parametrize(
    ("documents", "options", "reason"),
    [
        (numbers(1, 9) | {3: "b"}, {}, "members changed (of 9)"),
        (numbers(1, 8), {}, "-1 members (8 now)"),
        (numbers(0, 9), {}, "+1 members (10 now)"),
        (numbers(0, 8), {}, "members renamed"),
        (numbers(1, 9), {"versions": VERSIONS | {"decoder": 2}}, "decoder version changed: 1 to 2"),
        (numbers(1, 9), {"versions": {"decoder": 1}}, "schema version changed: 1 to none"),
        (numbers(1, 9), {"options": "verify_images"}, "options changed: none to verify_images"),
        (
            numbers(1, 8),
            {"versions": VERSIONS | {"decoder": 3}, "options": "a:b"},
            "-1 members (8 now), decoder version changed: 1 to 3, options changed: none to a:b",
        ),
    ],
)
def test_a_changed_part_says_why(documents, options, reason):
    parent = manifest_of(plan(source(numbers(1, 19))))
    after = plan(source(documents | numbers(10, 19)), parent, **options)
    assert after.reasons["deepfashion2/train/00000"] == reason


@pytest.mark.parametrize("before", ["x", "9:n:s:1:0123456789abcdef:", "9:n:s"])
def test_a_fingerprint_in_another_format_rebuilds_its_part(before):
    (part,) = plan(source(numbers(1, 9))).changed
    parent = manifest_of(plan(source({})), **{part.name: before})
    after = plan(source(numbers(1, 9)), parent)
    assert after.reasons == {part.name: "its fingerprint has another format"}


def test_nothing_changed_means_nothing_to_do():
    parent = manifest_of(plan(source(numbers(1, 30))))
    after = plan(source(numbers(1, 30)), parent)
    assert (after.changed, after.removed_parts) == ((), ())
    assert after.unchanged == tuple(sorted(parent.parts))


def test_a_part_without_members_is_removed_but_a_split_without_members_is_retained():
    members = pa.concat_tables([source(numbers(1, 25)), source(numbers(1, 5), "validation")])
    parent = manifest_of(plan(members))

    after = plan(source(numbers(1, 19)), parent)
    assert after.removed_parts == ("deepfashion2/train/00002",)
    assert after.retained_splits == ("validation",)
    assert "deepfashion2/validation/00000" in after.unchanged

    pruned = plan(source(numbers(1, 25)), parent, prune=True)
    assert pruned.removed_parts == ("deepfashion2/validation/00000",)
    assert pruned.reasons["deepfashion2/validation/00000"] == "no members any more"


def test_an_empty_mount_changes_nothing():
    parent = manifest_of(plan(source(numbers(1, 25))))
    after = plan(source({}), parent)
    assert (after.changed, after.removed_parts) == ((), ())
    assert after.retained_splits == ("train",)


def test_one_split_is_backfilled_and_the_others_stay_as_they_were():
    parent = manifest_of(plan(source(numbers(1, 25))))
    members = pa.concat_tables(
        [source(numbers(1, 25, stamp="b")), source(numbers(1, 5), "validation")]
    )
    after = plan(members, parent, splits=["validation"])
    assert [part.name for part in after.changed] == ["deepfashion2/validation/00000"]
    assert len(after.unchanged) == 3
    assert after.retained_splits == ()


def test_a_split_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(InputError, match=r"no split validaton: it has train\."):
        plan(source(numbers(1, 5)), splits=["validaton"])


def test_parts_of_other_data_sets_are_not_planned():
    parent = manifest_of(plan(source({})), **{"fashionai/train/00000": "x"})
    after = plan(source(numbers(1, 5)), parent)
    assert (after.unchanged, after.removed_parts) == ((), ())


def test_losing_over_five_percent_of_a_split_is_suspicious_unless_allowed_by_name():
    before = {"train": {"images": 100}, "validation": {"images": 100}}
    assert shrunk_splits(before, {"train": 95, "test": 3, "validation": None}) == {}
    loss = {"train": "train would lose 6.0 % of its images (100 to 94)"}
    assert shrunk_splits(before, {"train": 94}) == loss
    assert shrunk_splits(before, {"train": 94}, allow=["train"]) == {}
    assert shrunk_splits(before, {"train": 94}, allow=["validation"]) == loss


def test_refusing_over_one_percent_of_a_split_is_suspicious_unless_it_was_so_before():
    def counts(refused):
        return {"train": {"documents_read": 200, "documents_refused": refused}}

    assert refused_splits(counts(2)) == {}
    problem = {"train": "train has 1.5 % of its documents refused (3 of 200)"}
    assert refused_splits(counts(3)) == problem
    assert refused_splits(counts(3), allow=["train"]) == {}
    assert refused_splits(counts(3), before=counts(3)) == {}
    assert refused_splits(counts(4), before=counts(3))


def test_images_are_counted_by_number_whether_document_or_picture_and_unknown_for_tables():
    pictures = source(numbers(5, 12)).set_column(2, ARRANGED.field("role"), [["picture"] * 8])
    table = source({1: "a"}, "test").set_column(2, ARRANGED.field("role"), [["table"]])
    members = pa.concat_tables([source(numbers(1, 9)), pictures, table])
    assert plan(members).images == {"train": 12, "test": None}


def test_a_part_travels_without_its_members():
    parts = plan(source(numbers(1, 5000))).changed
    assert len(pickle.dumps(parts[0])) < 600
    assert pickle.loads(pickle.dumps(parts[0])) == parts[0]
    assert parts[0] != a_part(1)


def test_names_of_a_source_may_take_more_than_two_gigabytes():
    for field in (*MEMBERS, *ARRANGED):
        assert field.name not in {"name", "stamp"} or pa.types.is_large_string(field.type)


def test_ignored_members_are_counted_and_three_of_them_named():
    tables = [source(numbers(1, 3))]
    for start in (0, 5):
        names = pa.array([f"{9 - start - n}.txt" for n in range(5)], pa.large_string())
        ignored = [names, pa.nulls(5, pa.int64()), names]
        tables.append(ignored_rows(pa.table(ignored, schema=MEMBERS)))
    after = plan(pa.concat_tables(tables))
    assert (after.ignored, after.ignored_names) == (10, ("0.txt", "1.txt", "2.txt"))
    assert [part.rows for part in after.changed] == [3]


def test_of_several_pictures_of_one_image_the_first_by_name_stays():
    names = [
        "train/image/1.jpg",
        "train/image/000001.jpg",
        "train/image/1.png",
        "train/annos/1.json",
    ]
    roles = ["picture", "picture", "picture", "document"]
    rows = source(numbers(1, 1)).to_pylist() * 4
    rows = [row | {"name": n, "role": r} for row, n, r in zip(rows, names, roles, strict=True)]
    ordered = in_order(pa.Table.from_pylist(rows, schema=ARRANGED))
    assert ordered.select(["role", "image_id", "name"]).to_pylist() == [
        {"role": role, "image_id": 1, "name": names[place]}
        for role, place in [("document", 3), ("picture", 1), ("unexpected", 0), ("unexpected", 2)]
    ]


PLAN = """
from pathlib import Path
import numpy as np, pyarrow as pa
from flows.lake import part_members, plan_parts
from schemas.source import ARRANGED, MEMBERS

part_members.BUCKET_ROWS = 30_000
def tables(count):
    for start in range(0, count, 10_000):
        number = np.arange(start, start + 10_000)
        text = pa.array(number + 10**18).cast(pa.large_string())
        repeated = [pa.repeat(word, 10_000) for word in ("train", "document")]
        part = pa.array(number // 4096, pa.int32())
        columns = [repeated[0], part, repeated[1], number, text, number, text]
        yield pa.table(columns, schema=ARRANGED)
def plan(count):
    folder = Path(sys.argv[1]) / str(count)
    folder.mkdir()
    plan_parts("d", tables(count), folder, versions={}, members=count)
plan(90_000)
# measured
plan(900_000)
"""


@pytest.mark.slow
def test_the_memory_of_a_plan_does_not_grow_with_the_source(tmp_path):
    assert peak_in_a_process(PLAN, tmp_path) < 45_000_000  # the members alone take 70 MB


def test_two_hundred_thousand_documents_are_planned_within_two_seconds():
    count = 200_000
    number = np.arange(count)
    names = pa.array([f"train/annos/{n:06d}.json" for n in range(count)])
    columns = {"part": pa.array(number // 4096, pa.int32()), "image_id": pa.array(number)}
    columns |= {"name": names, "size": pa.array(number), "split": pa.repeat("train", count)}
    columns |= {"role": pa.repeat("document", count), "stamp": names}
    members = pa.table({name: columns[name] for name in ARRANGED.names}, schema=ARRANGED)

    started = time.process_time()
    assert len(plan(members).changed) == 49
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("size", 101, "members changed (of 9)"),
        ("stamp", "b", "members changed (of 9)"),
        ("role", "picture", "members renamed"),
    ],
)
def test_another_size_role_or_stamp_of_one_member_is_a_change(column, value, reason):
    listed = source(numbers(1, 9))
    values = [*listed[column].to_pylist()[:-1], value]
    index = ARRANGED.get_field_index(column)
    field = ARRANGED.field(column)
    changed = listed.set_column(index, field, pa.array(values, field.type))
    assert plan(changed, manifest_of(plan(listed))).reasons == {"deepfashion2/train/00000": reason}
