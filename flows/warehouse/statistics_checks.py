"""One check per statistic, generated from its SQL: stored rows against rows computed again."""

from functools import cache

from flows.warehouse.examined_rows import Examined
from flows.warehouse.queries import Query, queries

TOLERANCE = 0.00015
"""Largest difference of equal numbers. Averages are rounded to four digits after a parallel sum,
whose last bits depend on the threads: a mean in the middle of two steps is rounded either way."""


@cache
def statistics_checks() -> tuple[Query, ...]:
    """A check `statistics.<name>` for each file of sql/statistics, sorted by name."""
    return tuple(_check(statistic) for statistic in queries("statistics"))


def _check(statistic: Query) -> Query:
    """Rows that are stored and not computed, computed and not stored, repeated, or that differ."""
    columns = {name: statistic.columns[name] for name in statistic.grain}
    problem = "what is wrong; for a difference both values of each column"
    return Query(
        name=f"statistics.{statistic.name}",
        kind="checks",
        title=f"Stored rows of the statistic {statistic.name} that differ from those of its SQL.",
        prose="The statistic is computed from the tables and compared with the stored rows in both "
        f"directions. Numbers that differ by less than {TOLERANCE} are equal. A release made by a "
        "version with other SQL differs too: `wardrobe derive` computes its statistics again.",
        reads=tuple(dict.fromkeys((statistic.name, *statistic.reads))),
        params=(),
        grain=statistic.grain,
        columns={**columns, "problem": problem},
        severity="error",
        text=_text(statistic),
        examines=Examined(statistic.name),
    )


def _text(statistic: Query) -> str:
    """Both sets of rows one below the other, grouped by the grain: equal ones meet in a group."""
    grain = statistic.grain
    values = [name for name in statistic.columns if name not in grain]
    both = (line for name in values for line in (_side("stored", name), _side("computed", name)))
    return f"""\
with stored_and_computed as (
    select
        1 as stored,
        0 as computed,
        {_lines(8, *statistic.columns)}
    from {statistic.name}
    union all
    select
        0,
        1,
        {_lines(8, *statistic.columns)}
    from (
{statistic.text.rstrip()}
    ) as computed_rows
),

grouped_rows as (
    select
        {_lines(8, *grain, "sum(stored) as stored_rows", "sum(computed) as computed_rows", *both)}
    from stored_and_computed
    group by {", ".join(grain)}
),

judged as (
    select
        {_lines(8, *grain)},
        case
            when stored_rows = 0 then 'not stored'
            when computed_rows = 0 then 'stored, but not given by the SQL'
            when stored_rows + computed_rows > 2 then 'repeated'
            else concat_ws(
                '; ',
                {_lines(16, *(_difference(name, statistic.scope == "sum") for name in values))}
            )
        end as problem
    from grouped_rows
)

select
    {_lines(4, *grain, "problem")}
from judged
where problem <> ''
order by {", ".join(grain)}
"""


def _lines(indent: int, *expressions: str) -> str:
    return (",\n" + " " * indent).join(expressions)


def _side(side: str, name: str) -> str:
    return f"max(case when {side} = 1 then {name} end) as {side}_{name}"


def _difference(name: str, exact: bool) -> str:
    """Both values of a column in words, or null where they are equal."""
    stored, computed = f"stored_{name}", f"computed_{name}"
    return f"""\
case
                    when {stored} is distinct from {computed}
{"" if exact else _beyond_tolerance(stored, computed)}                        then concat(
                            '{name}: stored ',
                            coalesce(cast({stored} as varchar), 'null'),
                            ', computed ',
                            coalesce(cast({computed} as varchar), 'null')
                        )
                end"""


def _beyond_tolerance(stored: str, computed: str) -> str:
    return f"""\
                        and coalesce(
                            abs(
                                try_cast({stored} as double)
                                - try_cast({computed} as double)
                            ) > {TOLERANCE},
                            true
                        )
"""
