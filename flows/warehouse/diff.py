"""Two states of the declared tables compared row by row, by their keys."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from flows.warehouse.connect import open_warehouse
from schemas import TABLES, Table

DIFFERENCES = pa.schema(
    [
        ("table", pa.string()),
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("category", pa.string()),
        ("added", pa.int64()),
        ("removed", pa.int64()),
        ("changed", pa.int64()),
    ]
)

Files = Mapping[str, Sequence[Path]]


def diff_tables(before: Files, after: Files, items: Sequence[Path]) -> pa.Table:
    """Rows added, removed and changed per table, split and category, as DIFFERENCES.

    `before` and `after` hold the files that differ, by table: rows that stand in both states are
    found again by their key, and equal ones do not count. `items` are all item files of both
    states, from which landmarks and polygons take their category. No rows: the states are equal.
    """
    answers = []
    with open_warehouse({"items": list(items)}) as con:
        con.execute("create temp table category_of as " + _CATEGORY_OF)
        for table in TABLES.values():
            if not before.get(table.name) and not after.get(table.name):
                continue
            with (
                open_warehouse({table.name: before.get(table.name, ())}) as old,
                open_warehouse({table.name: after.get(table.name, ())}) as new,
            ):
                con.register("before_rows", old.sql(f"from {table.name}").to_arrow_reader())
                con.register("after_rows", new.sql(f"from {table.name}").to_arrow_reader())
                answers.append(con.sql(_statement(table)).to_arrow_table().cast(DIFFERENCES))
                con.unregister("before_rows")
                con.unregister("after_rows")
    return pa.concat_tables(answers) if answers else DIFFERENCES.empty_table()


_CATEGORY_OF = """
select dataset, split, image_id, item_no, min(category_name) as category
from items
group by dataset, split, image_id, item_no
"""


def _statement(table: Table) -> str:
    """The comparison of one table; its names come from the declaration, never from people."""
    keys = list(table.key)
    rest = [name for name in table.schema.names if name not in keys]
    # A null in a key (a rejection without item) would find nothing: `is not distinct from` does.
    on = " and ".join(f"b.{key} is not distinct from a.{key}" for key in keys)
    differs = " or ".join(f"b.{name} is distinct from a.{name}" for name in rest) or "false"
    both = ", ".join(f"coalesce(a.{key}, b.{key}) as {key}" for key in keys)
    names = table.schema.names
    join, category = "", "null"
    if table.name == "items":
        both += ", coalesce(a.category_name, b.category_name) as category_name"
        category = "category_name"
    elif "item_no" in keys and table.name != "rejections":
        join = "left join category_of using (dataset, split, image_id, item_no)"
        category = "category"
    return f"""
    with compared as (
        select
            {both},
            b.present is null as is_added,
            a.present is null as is_removed,
            a.present and b.present and ({differs}) as is_changed
        from (select *, true as present from before_rows) as b
        full join (select *, true as present from after_rows) as a on {on}
    )
    select
        '{table.name}' as "table",
        {"dataset" if "dataset" in names else "null"} as dataset,
        {"split" if "split" in names else "null"} as split,
        {category} as category,
        count(*) filter (where is_added) as added,
        count(*) filter (where is_removed) as removed,
        count(*) filter (where is_changed) as changed
    from compared
    {join}
    where is_added or is_removed or is_changed
    group by 2, 3, 4
    order by 2, 3, 4
    """
