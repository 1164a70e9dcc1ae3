"""Contracts of the tables: damage to any column, key, reference or rule is found, by name."""

import pyarrow as pa
import pytest

from flows.warehouse import contracts, run_checks, run_query
from flows.warehouse.contract_search import searches, suspected_contracts
from schemas import TABLES

pytestmark = pytest.mark.slow

CONTRACTS = {contract.name: contract for contract in contracts()}


@pytest.fixture
def broken(memory, altered):
    """Runs a statement that damages a table; the contracts that find rows, with these rows."""

    def offences(table, statement):
        altered(table, statement)
        affected = [contract for contract in contracts() if table in contract.reads]
        suspected = suspected_contracts(memory, [contract.name for contract in affected])
        rows = {}
        for verdict in run_checks(memory, only=[contract.name for contract in affected]):
            assert verdict.failure is None
            rows |= {verdict.name: verdict.examples} if verdict.rows else {}
        assert rows.keys() <= suspected, "a search misses what the SELECT finds"
        return rows

    return offences


def first_row(table, **values):
    """The statement that changes values of a table's first row."""
    changes = ", ".join(f"{name} = {value}" for name, value in values.items())
    return table, f"update {table} set {changes} where rowid = 0"


def test_a_sound_release_meets_every_contract(memory, sound):
    assert all(rows.num_rows for rows in sound.values()), "a table without rows proves nothing"
    assert suspected_contracts(memory, CONTRACTS) == set()
    verdicts = run_checks(memory, only=CONTRACTS)
    assert {verdict.name: verdict.outcome for verdict in verdicts if verdict.outcome != "ok"} == {
        "images.orientation_is_exif": "not checkable"  # no picture has one
    }


DAMAGE = {
    "duplicate row": ("items", "insert into items from items limit 1", "items.unique"),
    "duplicate landmark": (
        "landmarks", "insert into landmarks from landmarks limit 1", "landmarks.unique"
    ),
    "duplicate triplet": (
        "triplets", "insert into triplets from triplets limit 1", "triplets.unique"
    ),
    "duplicate picture": (
        "pictures", "insert into pictures from pictures limit 1", "pictures.unique"
    ),
    "item without image": ("images", "delete from images where rowid = 0", "items.images"),
    "landmark without item": ("items", "delete from items where rowid = 0", "landmarks.items"),
    "polygon without item": ("items", "delete from items where rowid = 0", "polygons.items"),
    "user's side of a pair": (*first_row("pairs", user_item_no=7), "pairs.user_item"),
    "shop's side of a pair": (*first_row("pairs", shop_item_no=7), "pairs.shop_item"),
    "lost landmark": (
        "landmarks", "delete from landmarks where rowid = 0", "items.landmarks_visible"
    ),
    "lost polygon": ("polygons", "delete from polygons where rowid = 0", "items.polygon_count"),
    "all polygons lost": ("polygons", "delete from polygons", "items.polygon_count"),
    "wrong word": (*first_row("items", scale="'huge'"), "items.words"),
    "unknown category": (*first_row("items", category_id=99), "items.categories"),
    "infinite edge": (*first_row("items", x2="cast('inf' as double)"), "items.finite"),
    "infinite edge of a list": (
        *first_row("listed_queries", x2="cast('inf' as double)"), "listed_queries.finite"
    ),
    "NaN in points": (
        *first_row("polygons", points="list_concat(points[1:9], [cast('nan' as double)])"),
        "polygons.finite",
    ),
    "both infinities in points": (
        *first_row(
            "polygons",
            points="list_concat(points[1:8], [cast('inf' as double), cast('-inf' as double)])",
        ),
        "polygons.finite",
    ),
    "null in points": (
        *first_row("polygons", points="list_concat(points[1:9], [null])"), "polygons.not_null"
    ),
    "null area": (*first_row("polygons", area="null"), "polygons.not_null"),
    "null status": (*first_row("images", image_status="null"), "images.not_null"),
    "odd number of coordinates": (
        *first_row("polygons", points="points[1:9]"), "polygons.points_are_pairs"
    ),
    "wrong number of points": (
        *first_row("polygons", point_count=4), "polygons.points_are_pairs"
    ),
    "two points": (
        *first_row("polygons", points="points[1:4]", point_count=2), "polygons.points_enclose"
    ),
    "open, called closed": (
        *first_row("polygons", points="points[1:8]", point_count=4),
        "polygons.closed_repeats_first",
    ),
    "closed, called open": (
        *first_row("polygons", closed="false"), "polygons.closed_repeats_first"
    ),
    "no points": (*first_row("polygons", points="[]"), "polygons.points_are_pairs"),
    "negative area": (*first_row("polygons", area=-1), "polygons.area_is_unsigned"),
    "polygons from 0": (
        "polygons", "update polygons set polygon_no = polygon_no - 1", "polygons.numbered"
    ),
    "gap between polygons": (
        "polygons", "update polygons set polygon_no = 3 where polygon_no = 2", "polygons.numbered"
    ),
    "half a box": (*first_row("items", y2="null"), "items.box_is_whole"),
    "box with its right edge on the left": (*first_row("items", x2=1), "items.box_is_upright"),
    "box with its bottom edge on top": (*first_row("items", y2=1), "items.box_is_upright"),
    "landmark without y": (*first_row("landmarks", y="null"), "landmarks.place_is_whole"),
    "labelled landmark without a place": (
        *first_row("landmarks", x="null", y="null"), "landmarks.labelled_has_place"
    ),
    "image without height": (*first_row("images", height="null"), "images.size_is_positive"),
    "image of no width": (*first_row("images", width=0), "images.size_is_positive"),
    "turned image": (*first_row("images", orientation=9), "images.orientation_is_exif"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_by_name(broken, damage):
    table, statement, contract = DAMAGE[damage]
    assert contract in broken(table, statement)


def test_each_named_constraint_has_a_damage_above():
    named = {f"{t.name}.{rule.name}" for t in TABLES.values() for rule in t.constraints}
    assert named <= {contract for _, _, contract in DAMAGE.values()}


@pytest.mark.parametrize("number", [-1, 0, 1, 3, 60, 61, 62, 63, 64, 1000, "null"])
def test_any_landmark_number_out_of_order_is_found(broken, number):
    statement = f"update landmarks set landmark_no = {number} where rowid = 1"
    names = broken("landmarks", statement).keys()
    assert ("landmarks.numbered" in names) or number == "null"
    assert ("landmarks.unique" in names) == (number in (1, 3))
    assert ("landmarks.not_null" in names) == (number == "null")


def test_more_rows_than_the_search_numbers_are_left_to_the_contract(memory, broken):
    more = """
        insert into polygons
        select polygons.* replace (cast(polygon_no + added as smallint) as polygon_no)
        from polygons, range(1, 61) as numbers(added)
        where dataset = 'deepfashion2' and image_id = 1 and polygon_no = 2
    """
    assert broken("polygons", more).keys() == {"items.polygon_count"}
    assert "polygons.numbered" in suspected_contracts(memory, CONTRACTS)


def searched(con, table):
    """The number that the search of a table has for each contract."""
    return {
        name: number
        for search in searches(table)
        for name, number in zip(search.contracts, con.sql(search.text).fetchall()[0], strict=True)
    }


@pytest.fixture
def each_column(memory, sound):
    """Damages one row for each of the columns; checks that a contract finds just these rows."""

    def require(rule, having, damage):
        for table in TABLES.values():
            columns = [column for column in table.columns if having(column)]
            name, rows = table.name, sound[table.name]
            memory.register("rows", pa.concat_tables([rows.slice(0, 1)] * (len(columns) + 1)))
            memory.execute(f"create or replace table {name} as from rows")
            for index, column in enumerate(columns):
                value = damage(column)
                memory.execute(
                    f"update {name} set {column.field.name} = {value} where rowid = {index}"
                )
            if columns:
                (verdict,) = run_checks(memory, examples=0, only=[f"{name}.{rule}"])
                assert verdict.rows == len(columns), name
                assert searched(memory, table)[f"{name}.{rule}"] == len(columns), name
            memory.register("rows", rows)
            memory.execute(f"create or replace table {name} as from rows")

    return require


def is_float(column):
    """Whether the column, or its lists, hold floats."""
    kind = column.field.type
    return pa.types.is_floating(kind.value_type if pa.types.is_list(kind) else kind)


def test_null_is_found_in_every_required_column(each_column):
    each_column("not_null", lambda column: not column.field.nullable, lambda column: "null")


def test_another_word_is_found_in_every_column_with_a_vocabulary(each_column):
    worded = {c.field.name for table in TABLES.values() for c in table.columns if c.words}
    assert worded == {
        *("dataset", "split", "format", "image_status", "source", "scale", "occlusion"),
        *("zoom_in", "viewpoint", "visibility", "pair_kind", "negative_kind", "rule"),
    }
    each_column("words", lambda column: column.words, lambda column: "'other'")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_that_are_not_finite_are_found_in_every_float_column(each_column, number):
    value = f"cast('{number}' as double)"
    within = f"[1, {value}, 2]"
    each_column("finite", is_float, lambda c: within if c.field.name == "points" else value)


def test_a_repeated_row_is_found_in_every_table(broken):
    for table in TABLES:
        names = broken(table, f"insert into {table} from {table} limit 1").keys()
        assert f"{table}.unique" in names


def test_a_missing_row_is_found_for_every_reference_and_count(broken):
    for table in TABLES.values():
        for reference in table.references:
            names = broken(*first_row(table.name, **{reference.columns[-1]: 77})).keys()
            assert f"{table.name}.{reference.name}" in names
        for count in table.counts:
            more = first_row(table.name, **{count.column: f"{count.column} + 1"})
            assert f"{table.name}.{count.column}" in broken(*more)


def test_offending_rows_show_their_key_and_the_values(broken):
    (row,) = broken(*first_row("items", scale="'huge'"))["items.words"]
    assert {name: row[name] for name in ("dataset", "split", "item_no", "scale")} == {
        "dataset": "deepfashion2", "split": "train", "item_no": 1, "scale": "huge"
    }  # fmt: skip
    (row,) = broken(*first_row("items", landmarks_visible=5))["items.landmarks_visible"]
    assert (row["landmarks_visible"], row["row_count"]) == (5, 8)


def test_offending_rows_are_ordered_by_their_key(memory, broken):
    statement = "update items set category_name = null where dataset = 'deepfashion2'"
    broken("items", statement)
    rows = run_query(memory, "items.not_null").to_pylist()
    assert [(row["image_id"], row["item_no"]) for row in rows] == [
        (1, 1), (2, 1), (2, 2), (3, 1), (3, 2)
    ]  # fmt: skip


def test_a_contract_is_named_as_its_declaration():
    assert len(CONTRACTS) == len(contracts())
    assert max(len(line) for one in contracts() for line in one.text.splitlines()) <= 100
    assert {name.partition(".")[0] for name in CONTRACTS} == set(TABLES)
    searched = [name for table in TABLES.values() for s in searches(table) for name in s.contracts]
    assert sorted(searched) == sorted(CONTRACTS)
