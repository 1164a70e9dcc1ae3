"""Differences of two releases: files of both in, numbers of rows that differ out."""

from collections.abc import Sequence

import pyarrow as pa

from flows.storage.place import Place
from flows.warehouse.connect import Files, engine_errors, open_warehouse
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


def diff_tables(before: Files, after: Files, items: Sequence[Place]) -> pa.Table:
    """Rows added, removed and changed per table, split and category, as DIFFERENCES.

    `before` and `after` hold the files that differ, by table; rows of both are matched by their
    key, and equal rows do not count. `items` are all item files of both states, from which
    landmarks and polygons take their category. The result is empty when the states are equal.
    """
    differences = [DIFFERENCES.empty_table()]
    with (
        open_warehouse({"items": items}, only=["items"]) as con,
        open_warehouse(before, only=TABLES) as old,
        open_warehouse(after, only=TABLES) as new,
        engine_errors(),
    ):
        con.execute("create temp table category_of as " + _CATEGORY_OF)
        for table in TABLES.values():
            if before.get(table.name) or after.get(table.name):
                con.register("before_rows", old.table(table.name).to_arrow_reader())
                con.register("after_rows", new.table(table.name).to_arrow_reader())
                rows = con.sql(_statement(table)).to_arrow_table()
                differences.append(rows.cast(DIFFERENCES))
    return pa.concat_tables(differences)


_CATEGORY_OF = """
select dataset, split, image_id, item_no, min(category_name) as category
from items
group by dataset, split, image_id, item_no
"""


def _statement(table: Table) -> str:
    """The comparison of one table; all names in it are declared."""
    keys = list(table.key)
    rest = [name for name in table.schema.names if name not in keys]
    # Keys may be null: a rejection without item.
    on = " and ".join(f"b.{key} is not distinct from a.{key}" for key in keys)
    differs = " or ".join(f"b.{name} is distinct from a.{name}" for name in rest) or "false"
    columns = ", ".join(f"coalesce(a.{key}, b.{key}) as {key}" for key in keys)
    names = table.schema.names
    join, category = "", "null"
    if table.name == "items":
        columns += ", coalesce(a.category_name, b.category_name) as category_name"
        category = "category_name"
    elif "item_no" in keys and table.name != "rejections":
        join = "left join category_of using (dataset, split, image_id, item_no)"
        category = "category"
    return f"""
    with compared as (
        select
            {columns},
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
