"""The contracts of the declared tables as checks: for each a SELECT of the rows that break it.

In come the declarations of schemas, out go checks named `items.unique`, `items.box_is_whole`, ...
The SELECTs are as portable as those in sql/.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from textwrap import wrap
from typing import NamedTuple

import pyarrow as pa

from flows.warehouse.examined_rows import Examined
from flows.warehouse.queries import Query
from schemas import TABLES, Table
from schemas.table import Column, Count, Reference


class RowRule(NamedTuple):
    """A contract that each row meets or breaks by itself: offending rows meet `offence`.

    It is about the rows that meet `applies`: where all its columns are null, it says nothing.
    """

    name: str
    title: str
    offence: str
    applies: str = "true"


@cache
def contracts() -> tuple[Query, ...]:
    """The contracts of all tables, as checks of severity `error`, table by table."""
    return tuple(check for table in TABLES.values() for check in _contracts_of(table))


def _contracts_of(table: Table) -> Iterator[Query]:
    yield _unique(table)
    if table.numbered:
        yield _numbered(table)
    yield from (_rows_hold(table, rule) for rule in row_rules(table))
    yield from (_reference(table, reference) for reference in table.references)
    yield from (_count(table, count) for count in table.counts)


def _contract(
    table: Table,
    name: str,
    title: str,
    *,
    columns: Iterable[str],
    body: str,
    numbers: dict[str, tuple[str, str]] | None = None,
    grain: tuple[str, ...] = (),
    reads: tuple[str, ...] = (),
    applies: str = "true",
) -> Query:
    """Selects the grain, `columns`, and `numbers` (expression and meaning by name) from `table`."""
    grain, numbers = grain or table.key, numbers or {}
    names = tuple(dict.fromkeys((*grain, *columns)))
    prefix = f"{table.name}." if reads else ""
    selected = [
        *(prefix + column for column in names),
        *(f"{expression} as {alias}" for alias, (expression, _) in numbers.items()),
    ]
    docs = {column: table.schema.field(column).metadata[b"doc"].decode() for column in names}
    # By all columns: a broken key does not order its rows, and engines would differ.
    order = _lines([*(prefix + column for column in names), *numbers])
    return Query(
        name=f"{table.name}.{name}",
        kind="checks",
        title=title,
        prose="",
        reads=(table.name, *reads),
        params=(),
        grain=grain,
        columns=docs | {alias: meaning for alias, (_, meaning) in numbers.items()},
        severity="error",
        text=f"select{_lines(selected)}\nfrom {table.name}\n{body}order by{order}\n",
        examines=Examined(table.name, applies),
    )


def _lines(expressions: Iterable[str], indent: int = 4) -> str:
    return ",".join("\n" + " " * indent + expression for expression in expressions)


def _unique(table: Table) -> Query:
    return _contract(
        table,
        "unique",
        f"Keys of {table.name} that several rows have.",
        columns=(),
        numbers={"times": ("count(*)", "how many rows have this key")},
        body=f"group by{_lines(table.key)}\nhaving count(*) > 1\n",
    )


def _numbered(table: Table) -> Query:
    *parent, number = table.key
    return _contract(
        table,
        "numbered",
        f"Rows of {table.name} whose {number} does not run 1, 2, 3, ...",
        columns=(),
        numbers={
            "row_count": ("count(*)", "how many rows are numbered together"),
            "first_no": (f"min({number})", "the lowest number among them"),
            "last_no": (f"max({number})", "the highest number among them"),
        },
        grain=tuple(parent),
        body=f"group by{_lines(parent)}\n"
        f"having min({number}) <> 1\n"
        f"    or max({number}) <> count(*)\n"
        f"    or count(distinct {number}) <> count(*)\n",
    )


def _rows_hold(table: Table, rule: RowRule) -> Query:
    scalar = (field.name for field in table.schema if not pa.types.is_nested(field.type))
    return _contract(
        table,
        rule.name,
        rule.title,
        columns=[name for name in scalar if re.search(rf"\b{name}\b", rule.offence)],
        body=f"where {rule.offence}\n",
        applies=rule.applies,
    )


def row_rules(table: Table) -> Iterator[RowRule]:
    """Contracts that follow from the columns, then the named constraints."""
    fields = list(table.schema)
    by_column = (
        (
            "not_null",
            "null in a column that needs a value",
            {field: _null_in(field) for field in fields if not field.nullable},
        ),
        (
            "words",
            "a word outside the vocabulary of its column",
            {column.field: _other_word_in(column) for column in table.columns if column.words},
        ),
        (
            "finite",
            "a number that is infinite or not a number",
            {f: _not_finite(f) for f in fields if pa.types.is_floating(_value_type(f))},
        ),
    )
    for name, problem, offences in by_column:
        if offences:
            title = f"Rows of {table.name} with {problem}."
            offence = "\n    or ".join(offences.values())
            yield RowRule(name, title, offence, _any_value(offences))
    for constraint in table.constraints:
        lines = wrap(constraint.expression, 90, break_on_hyphens=False)
        offence = "not (\n        " + "\n        ".join(lines) + "\n    )"
        title = f"Rows of {table.name} that break the rule: {constraint.doc}"
        names = {f for f in fields if re.search(rf"\b{f.name}\b", constraint.expression)}
        judged = f"({constraint.expression}) is not null"
        applies = judged if any(field.nullable for field in names) else "true"
        yield RowRule(constraint.name, title, offence, applies)


def _any_value(fields: Iterable[pa.Field]) -> str:
    """That a row has a value in one of these columns."""
    if not all(field.nullable for field in fields):
        return "true"
    return " or ".join(f"{field.name} is not null" for field in fields)


def _value_type(field: pa.Field) -> pa.DataType:
    return field.type.value_type if pa.types.is_list(field.type) else field.type


def _null_in(field: pa.Field) -> str:
    null = f"{field.name} is null"
    if pa.types.is_list(field.type):
        null += "\n    or " + _any_number(field, "number is null")
    return null


def _not_finite(field: pa.Field) -> str:
    # Comparing with bounds would not do: the statistics of a Parquet file leave out what is not a
    # number, and an engine that trusts them never looks.
    if pa.types.is_list(field.type):
        return _any_number(field, "number - number <> 0")
    return f"{field.name} - {field.name} <> 0"


def _any_number(field: pa.Field, condition: str) -> str:
    """That a number in the lists of this column meets the condition."""
    return f"array_length(list_filter({field.name}, lambda number: {condition})) > 0"


def _other_word_in(column: Column) -> str:
    listed = _lines((f"'{word}'" for word in column.words), indent=8)
    return f"{column.field.name} not in ({listed}\n    )"


def _reference(table: Table, reference: Reference) -> Query:
    return _contract(
        table,
        reference.name,
        f"Rows of {table.name} that refer to a missing row of {reference.table}.",
        columns=reference.columns,
        body=without_target(table, reference),
        reads=(reference.table,),
    )


def without_target(table: Table, reference: Reference) -> str:
    """The join that keeps the rows of `table` whose reference finds no row."""
    equal = "\n    and ".join(
        f"{table.name}.{name} = {reference.table}.{target}"
        for name, target in zip(reference.columns, TABLES[reference.table].key, strict=True)
    )
    return f"anti join {reference.table}\n    on {equal}\n"


def _count(table: Table, count: Count) -> Query:
    counted = "coalesce(counted.row_count, 0)"
    equal = "\n    and ".join(f"{table.name}.{name} = counted.{name}" for name in table.key)
    return _contract(
        table,
        count.column,
        f"Rows of {table.name} whose {count.column} is not the number of rows in {count.table}.",
        columns=(count.column,),
        numbers={"row_count": (counted, f"rows of {count.table} where {count.where}")},
        reads=(count.table,),
        body="left join (\n"
        f"    select{_lines([*table.key, 'count(*) as row_count'], indent=8)}\n"
        f"    from {count.table}\n"
        f"    where {count.where}\n"
        f"    group by{_lines(table.key, indent=8)}\n"
        f") as counted\n    on {equal}\n"
        f"where {table.name}.{count.column} <> {counted}\n",
    )
