"""What sql/ may not say, because another engine would answer otherwise or not at all.

Each rule was met by running statements on DuckDB and, through sqlglot, on Spark. The silent ones
(another answer without an error) matter most.
"""

import re
from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import exp

from flows.warehouse import contracts, queries
from flows.warehouse.statistics_checks import statistics_checks

REFUSED_FUNCTIONS = {
    "hash": "another value on every engine; write md5",
    "quantile": "unknown elsewhere; rank the rows",
    "approx_quantile": "approximate; rank the rows, or median()",
    "histogram": "unknown elsewhere; group by a bin",
    "entropy": "unknown elsewhere",
    "list_sum": "unknown elsewhere",
    "list_extract": "unknown elsewhere; write list[cast(k as integer)]",
    "list_element": "unknown elsewhere; write list[cast(k as integer)]",
    "array_extract": "unknown elsewhere; write list[cast(k as integer)]",
    "list_reduce": "unknown elsewhere",
    "list_cosine_similarity": "unknown elsewhere",
    "isfinite": "unknown elsewhere; write x - x = 0",
    "random": "another value at every run; write md5",
}


def problems(text: str) -> Iterator[str]:
    """Every construct of a statement that is not portable, in a sentence each."""
    tree = sqlglot.parse_one(text, read="duckdb")
    if not isinstance(tree, exp.Query):
        yield "only SELECT"
    for node in tree.walk():
        yield from _of_node(node)
    yield from (_of_text(_without_comments(text)))


def _of_node(node: exp.Expression) -> Iterator[str]:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if isinstance(node, exp.Func) and not name:
        name = node.sql_name().lower()
    if name in REFUSED_FUNCTIONS:
        yield f"{name}(): {REFUSED_FUNCTIONS[name]}"
    if isinstance(node, exp.PercentileCont | exp.PercentileDisc):
        yield "percentile_cont: silently approximate elsewhere; rank the rows, or median()"
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        yield "select *: name the columns"
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        yield "select t.*: name the columns"
    if isinstance(node, exp.Select):
        yield from _of_select(node)
    if isinstance(node, exp.ArrayAgg | exp.List) and node.find(exp.Order):
        yield "list(x order by y): the order is silently dropped; write list_sort(list(x))"
    if isinstance(node, exp.Bracket) and not all(map(_is_shifted, node.expressions)):
        yield "list[expression]: silently not shifted; write list[cast(expression as integer)]"
    if isinstance(node, exp.Slice):
        yield "list[a:b]: unknown elsewhere"
    if isinstance(node, exp.Lambda) and len(node.expressions) > 1:
        yield "a lambda with an index: counted from 1 here, from 0 elsewhere"
    if isinstance(node, exp.Comprehension | exp.Pivot):
        yield f"{type(node).__name__}: unknown elsewhere"
    if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
        yield "union by name: unknown elsewhere"
    if isinstance(node, exp.Join):
        yield from _of_join(node)
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        yield "a table function: tables come by their declared names"
    if isinstance(node, exp.BitwiseLeftShift) and not isinstance(node.this, exp.Cast):
        yield "1 << n: 32 bits elsewhere; write cast(1 as bigint) << n"


def _is_shifted(index: exp.Expression) -> bool:
    """Whether sqlglot knows this index for a whole number; it has taken 1 off when it does."""
    number = index.this if isinstance(index, exp.Add) else index
    return isinstance(number, exp.Literal | exp.Cast | exp.Slice)


def _of_select(select: exp.Select) -> Iterator[str]:
    if select.args.get("qualify") and select.args.get("limit"):
        yield "qualify with limit: the limit silently comes first elsewhere"
    unnested = [column for column in select.expressions if column.find(exp.Unnest, exp.Explode)]
    if len(unnested) > 1:
        yield "two unnests in one select: silently a cross product elsewhere"


def _of_join(join: exp.Join) -> Iterator[str]:
    side = f"{join.side} {join.kind} {join.method}".upper()
    if "ASOF" in side or "POSITIONAL" in side:
        yield f"{side.strip().lower()} join: unknown elsewhere"
    condition = join.args.get("on")
    if "CROSS" in side or not (condition or join.args.get("using")):
        yield "a cross join"
    elif condition is not None and not condition.find(exp.EQ, exp.NullSafeEQ):
        yield "a join without an equality is a cross join in disguise"


def _of_text(text: str) -> Iterator[str]:
    if re.search(r"\blen\(", text):
        yield "len(): length of strings elsewhere; write array_length(list)"
    if "0x" in text.lower():
        yield "'0x' casts: an error elsewhere"
    if re.search(r"[^\x00-\x7f]", text):
        yield "plain ASCII only"
    if re.search(r"'[^']*[/\\][^']*\.(parquet|csv|json)'", text):
        yield "a path"
    if re.search(r"\b(SELECT|FROM|WHERE|JOIN|WITH)\b", text):
        yield "keywords in lower case"


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def test_statements_keep_to_the_portable_forms():
    found = {query.name: list(problems(query.text)) for query in [*queries(), *contracts()]}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_statements_can_be_written_for_spark():
    raised = sqlglot.ErrorLevel.RAISE
    for query in [*queries(), *statistics_checks(), *contracts()]:
        (spark,) = sqlglot.transpile(query.text, "duckdb", "spark", unsupported_level=raised)
        assert "PERCENTILE_APPROX" not in spark.upper(), query.name
        # sqlglot puts the CTEs of a subquery among those of the statement.
        names = [cte.alias for cte in sqlglot.parse_one(spark, read="spark").find_all(exp.CTE)]
        assert len(names) == len(set(names)), query.name


def layout_problems(text: str) -> Iterator[str]:
    """What breaks the layout: a header, an empty line, then clauses that each start a line.

    A select list has one column per line; in a CTE or subquery it may be one line as a whole.
    CTEs are separated by an empty line. The last `order by` names columns.
    """
    header, _, statement = text.partition("\n\n")
    if not all(line.startswith("--") for line in header.splitlines()):
        yield "an empty line after the header, and none in it"
    if text != text.strip("\n") + "\n" or ";" in statement:
        yield "one newline at the end and no semicolon"
    lines = statement.splitlines()
    if len(text.splitlines()) > 230:
        yield "at most 230 lines"
    for number, line in enumerate(lines):
        if len(line) > 100 or line != line.rstrip() or "\t" in line:
            yield f"at most 100 characters, without tabs and trailing spaces: {line}"
        words = line.lstrip()
        indent = len(line) - len(words)
        if indent % 4:
            yield f"indented by four spaces: {line}"
        if not line and lines[number - 1] not in ("),", ")"):
            yield f"an empty line in a select, after: {lines[number - 1]}"
        if line.startswith("select "):
            yield f"one column per line in the last select: {line}"
        if re.search(r"\S.*\s(from|where|group by|having|order by|join)\b", _plain(line)):
            yield f"each clause starts a line: {line}"
        if words in ("select", "select distinct"):
            yield from _of_columns(lines[number + 1 :], indent + 4)
    if re.search(r"order by (all|\d)", statement):
        yield "order by named columns"


def _of_columns(lines: list[str], indent: int) -> Iterator[str]:
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if depth < indent:
            return
        if depth == indent and ", " in _plain(line):
            yield f"one column per line: {line}"


def _plain(line: str) -> str:
    """A line without strings, without what is in parentheses, and with `left join` as `join`."""
    line = re.sub(r"'[^']*'", "''", line).replace("distinct from", "<>")
    while (shorter := re.sub(r"\([^()]*\)", "", line)) != line:
        line = shorter
    return re.sub(r"\b(left|full|semi|anti) join\b", "join", line)


def test_statements_have_the_layout():
    found = {query.name: list(layout_problems(query.text)) for query in queries()}
    assert {name: texts for name, texts in found.items() if texts} == {}


GOOD = """\
-- Title.

with wide as (
    select dataset, split
    from items
)

select
    dataset,
    split
from wide
order by dataset, split
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Title.\n", "Title.\n\n-- More.\n", "header|empty line"),
        ("split\n    from items", "split from items", "each clause"),
        ("    from items", "   from items", "four spaces"),
        ("    dataset,\n    split\n", "    dataset, split\n", "one column per line"),
        ("select\n    dataset,\n    split\n", "select dataset, split\n", "last select"),
        ("order by dataset, split", "order by all", "named columns"),
        ("order by dataset, split", "order by 1, 2", "named columns"),
        ("from wide\n", "from wide\n\n", "an empty line in"),
        ("order by dataset, split\n", "order by dataset, split;\n", "no semicolon"),
        ("from wide\n", "from wide \n", "trailing spaces"),
    ],
)
def test_another_layout_is_found(old, new, problem):
    assert list(layout_problems(GOOD)) == []
    assert old in GOOD
    found = "\n".join(layout_problems(GOOD.replace(old, new)))
    assert re.search(problem, found), found


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("select len(points) from polygons", "len()"),
        ("select hash(image_id) from images", "hash()"),
        ("select quantile_cont(x1, 0.5) from items", "percentile_cont"),
        ("select percentile_cont(0.1) within group (order by x1) from items", "percentile_cont"),
        ("select histogram(x1) from items", "histogram"),
        ("select * from items", "select *"),
        ("select items.* from items", "select t.*"),
        ("select list(x1 order by y1) from items", "list(x order by y)"),
        ("select array_agg(x1 order by y1) from items", "list(x order by y)"),
        ("select points[2 * polygon_no] from polygons", "list[expression]"),
        ("select points[1:2] from polygons", "list[a:b]"),
        ("select list_filter(points, lambda x, i: i > 1) from polygons", "lambda"),
        ("select [x + 1 for x in points] from polygons", "Comprehension"),
        ("select x1 from items union by name select x2 from items", "union by name"),
        ("select items.x1 from items, images", "cross join"),
        ("select items.x1 from items cross join images", "cross join"),
        ("select items.x1 from items join images on items.x1 < images.width", "in disguise"),
        ("select unnest(points), unnest(points) from polygons", "two unnests"),
        (
            "select x1 from items qualify row_number() over (order by x1) = 1 limit 5",
            "qualify with limit",
        ),
        ("select ('0x' || md5('a'))::bigint from items", "0x"),
        ("select a from read_parquet('x.parquet')", "table function"),
        ("select 1 << landmark_no from landmarks", "32 bits"),
        ("SELECT x1 from items", "lower case"),
        ("create table x as select 1", "only SELECT"),
    ],
)
def test_what_is_not_portable_is_refused(statement, word):
    assert any(word in problem for problem in problems(statement)), list(problems(statement))
