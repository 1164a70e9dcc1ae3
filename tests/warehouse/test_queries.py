"""Headers are read as promised, and wrong values are refused in a sentence."""

import re

import pytest

from flows.warehouse.examined_rows import Examined
from flows.warehouse.parameters import Param
from flows.warehouse.queries import Plot, parse_query, queries, query, sql_folder
from schemas import TABLES
from schemas.errors import InputError

TEXT = """\
-- Items by size.
--
-- The first paragraph of the rule
-- goes on here.
--
-- A second one.
--
-- reads     images, items,
--           landmarks
-- scope     whole
-- param     seed: text; default 0: another seed draws others
-- param     side: user | shop: whose items; required
-- param     count: integer; default 4: how many
-- param     strict: flag; default false: whether to be strict
-- grain     dataset, split
-- column    dataset,
--           image_id
-- column    split: split, as the source
--           names it

select dataset, split from items -- no promise
"""


def test_a_header_is_read_as_written():
    one = parse_query("sizes", "statistics", TEXT)
    assert one.title == "Items by size."
    assert one.prose == "The first paragraph of the rule goes on here.\n\nA second one."
    assert one.reads == ("images", "items", "landmarks")
    assert one.params == (
        Param("seed", "text", "0", "another seed draws others"),
        Param("side", "user | shop", None, "whose items; required"),
        Param("count", "integer", 4, "how many"),
        Param("strict", "flag", False, "whether to be strict"),
    )
    assert one.grain == ("dataset", "split")
    assert one.columns == {
        "dataset": "source dataset, e.g. `deepfashion2`",
        "image_id": "the image within its split: its number; FashionAI: 13 hex digits of its file "
        "name",
        "split": "split, as the source names it",
    }
    assert one.severity is None
    assert one.text == TEXT


@pytest.mark.parametrize(
    ("kind", "scope", "allowed"),
    [
        ("pairs", "sum", "whole"),
        ("statistics", "part", "sum or whole"),
        ("statistics", "split", "sum or whole"),
        ("views", "whole", "absent"),
    ],
)
def test_a_scope_is_one_that_its_kind_can_have(kind, scope, allowed):
    text = TEXT.replace("scope     whole", f"scope     {scope}")
    with pytest.raises(ValueError, match=f"sizes.sql: scope is {allowed}, not '{scope}'"):
        parse_query("sizes", kind, text)
    assert parse_query("sizes", "statistics", TEXT).scope == "whole"
    with pytest.raises(ValueError, match="scope is sum or whole, not ''"):
        parse_query("sizes", "statistics", TEXT.replace("-- scope     whole\n", ""))


def test_columns_of_the_grain_without_a_line_come_first_as_declared():
    text = TEXT.replace("dataset,\n--           image_id", "image_id")
    columns = parse_query("sizes", "statistics", text).columns
    assert list(columns) == ["dataset", "image_id", "split"]
    assert columns["dataset"] == "source dataset, e.g. `deepfashion2`"


DRAWN = TEXT.replace(
    "--           names it\n",
    "--           names it\n"
    "-- unit      share: split\n"
    "-- plot      bar x=split y=dataset facet=split\n"
    "-- plot      column x=split y=dataset\n",
)


def test_a_text_of_a_declared_column_starts_in_lower_case_unless_with_a_name():
    texts = query("retrieval_gallery").columns
    assert texts["split"].startswith("Fashion-MNIST's t10k")
    assert texts["x1"].startswith("left edge")


def test_units_and_plots_name_columns():
    sizes = parse_query("sizes", "statistics", DRAWN)
    assert sizes.units == {"split": "share"}
    assert sizes.plots == (
        Plot("bar", {"x": "split", "y": "dataset", "facet": "split"}),
        Plot("column", {"x": "split", "y": "dataset"}),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- reads     images, items,\n--           landmarks\n", "", "needs a title, reads"),
        ("-- grain     dataset, split\n", "", "needs a title, reads"),
        ("seed: text; default 0: another", "seed: words; default 0: another", "default value"),
        ("seed: text; default 0: another seed draws others", "seed", "default value"),
        ("dataset,\n--           image_id", "share", "nor declared: 'share'"),
        ("-- grain ", "-- severity  error\n-- grain ", "severity is for checks"),
        ("-- grain ", "-- action    Ingest again.\n-- grain ", "action is for checks"),
        (
            "x=split y=dataset facet",
            "x=size y=dataset facet",
            "plots 'size', which is not",
        ),
        ("plot      bar", "plot      pie", "not `kind channel=column"),
        ("y=dataset facet=split", "facet=split", "not `kind channel=column"),
        ("facet=split", "colour=split", "not `kind channel=column"),
        ("share: split", "share: size", "not `unit: columns`"),
        ("share: split", "metres: split", "not `unit: columns`"),
    ],
)
def test_a_broken_header_is_a_bug_of_ours(old, new, message):
    assert old in DRAWN
    with pytest.raises(ValueError, match=message) as caught:
        parse_query("sizes", "statistics", DRAWN.replace(old, new, 1))
    assert not isinstance(caught.value, InputError)


def test_a_header_without_a_title_takes_the_next_paragraph():
    untitled = TEXT.replace("-- Items by size.\n", "--\n")
    assert parse_query("sizes", "statistics", untitled).title.startswith("The first")


def test_plots_and_units_of_all_statistics_name_their_columns():
    for statistic in queries("statistics"):
        names = {*statistic.units, *statistic.units_if}
        names |= {column for plot in statistic.plots for column in plot.channels.values()}
        assert names <= statistic.columns.keys(), statistic.name
    assert any(statistic.plots for statistic in queries("statistics"))


def test_a_check_has_a_severity_an_action_and_the_rows_that_it_examines():
    with pytest.raises(ValueError, match="severity"):
        parse_query("sizes", "checks", TEXT)
    text = TEXT.replace("-- grain ", "-- severity  warn\n-- grain ")
    with pytest.raises(ValueError, match="action is for checks"):
        parse_query("sizes", "checks", text)
    text = text.replace("-- grain ", "-- action    Rest.\n-- grain ")
    with pytest.raises(ValueError, match="examines is for checks"):
        parse_query("sizes", "checks", text)
    text = text.replace("-- grain ", "-- examines  items where style > 0\n-- grain ")
    check = parse_query("sizes", "checks", text)
    assert (check.severity, check.action) == ("warn", "Rest.")
    with pytest.raises(ValueError, match="severity is error or warn"):
        parse_query("sizes", "checks", text.replace("severity  warn", "severity  eror"))
    assert check.examines == Examined("items", "style > 0")
    needs = "-- needs     x1 is not null: a box,\n--           with edges\n-- grain "
    check = parse_query("sizes", "checks", text.replace("-- grain ", needs))
    assert check.examines == Examined("items", "style > 0", "x1 is not null", "a box, with edges")
    with pytest.raises(ValueError, match="needs condition: what rows lack"):
        parse_query("sizes", "checks", text.replace("-- grain ", "-- needs     x1\n-- grain "))
    with pytest.raises(ValueError, match="examines is for checks"):
        parse_query(
            "sizes", "statistics", TEXT.replace("-- grain ", "-- examines  items\n-- grain ")
        )


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"side": "user"}, {}),
        ({"side": "shop", "count": "7"}, {"count": 7}),
        ({"side": "shop", "strict": "yes", "seed": 3}, {"seed": "3", "strict": True}),
        ({"side": "user", "strict": False}, {}),
    ],
)
def test_values_are_typed_from_text(given, values):
    values = {"seed": "0", "side": given["side"], "count": 4, "strict": False} | values
    found = parse_query("sizes", "statistics", TEXT).values(given)
    assert found == values
    assert {k: type(v) for k, v in found.items()} == {k: type(v) for k, v in values.items()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"query sizes needs side \(user \| shop\): whose items"),
        ({"side": "buyer"}, r"side is 'buyer', but should be one of user \| shop: whose items"),
        ({"side": "user | shop"}, "but should be one of"),
        ({"side": "user", "count": "4.5"}, "count is '4.5', but should be of type integer"),
        ({"side": "user", "count": True}, "count is True, but should be of type integer"),
        ({"side": "user", "strict": "maybe"}, "strict is 'maybe', but should be of type flag"),
        (
            {"side": "user", "sed": "4"},
            "has no parameter 'sed'; it takes: seed, side, count, strict",
        ),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(given, message):
    with pytest.raises(InputError, match=message):
        parse_query("sizes", "statistics", TEXT).values(given)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("split_total", "did you mean split_totals\\?"),
        ("item_by_category", "did you mean items_by_category\\?"),
        ("xyzzy", "`wardrobe query` lists them"),
        ("../../etc/passwd", "does not exist"),
    ],
)
def test_an_unknown_query_is_answered_with_the_nearest(name, hint):
    with pytest.raises(InputError, match=hint):
        query(name)


def test_queries_come_sorted_and_by_kind():
    names = [one.name for one in queries()]
    assert names == sorted(names) and len(names) == len(set(names))
    assert {one.kind for one in queries("checks")} == {"checks"}
    with pytest.raises(ValueError, match="no kind of query"):
        queries("check")


def test_every_file_of_the_folder_is_a_query():
    files = [f for kind in sql_folder().iterdir() for f in kind.iterdir() if f.name[0] != "."]
    assert {f.name for f in files} == {f"{one.name}.sql" for one in queries()}


def test_sums_are_ordered_like_sums_that_were_added_up():
    for statistic in (each for each in queries("statistics") if each.scope == "sum"):
        fields = [field for table in statistic.reads for field in TABLES[table].schema]
        nullable = {field.name for field in fields if field.nullable} & {*statistic.grain}
        for name in nullable:
            if not re.search(rf"\b{name} is not null", statistic.text):
                assert f"{name} nulls first" in statistic.text, statistic.name
