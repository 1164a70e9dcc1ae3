"""A search for broken contracts that costs less than running each of them.

In come a connection to a release and contracts, out go those that rows may break. It may
suspect too much, never too little: the SELECT of a suspected contract decides.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from flows.warehouse.contracts import row_rules, without_target
from flows.warehouse.engines import AnyWarehouse, fetch
from schemas import TABLES, Table
from schemas.errors import InputError
from schemas.table import Reference


class Search(NamedTuple):
    """One statement for several contracts: its row has a number for each, 0 without suspicion."""

    contracts: tuple[str, ...]
    text: str


def suspected_contracts(con: AnyWarehouse, names: Collection[str]) -> set[str]:
    """Those of these contracts that rows may break, also those that cannot be searched."""
    suspected = set()
    for search in (search for table in TABLES.values() for search in searches(table)):
        if set(names).isdisjoint(search.contracts):
            continue
        try:
            numbers = fetch(con, search.text)[0]
        except InputError:
            numbers = (1,) * len(search.contracts)  # the contract itself says why
        pairs = zip(search.contracts, numbers, strict=True)
        suspected |= {name for name, number in pairs if number}
    return suspected.intersection(names)


def searches(table: Table) -> Iterator[Search]:
    """One scan of a table's rows; numbered rows are also grouped by their parent."""
    numbers = {rule.name: f"count(*) filter (where {rule.offence})" for rule in row_rules(table)}
    references = list(table.references)
    if table.numbered:
        (parent,) = (each for each in references if each.columns == table.key[:-1])
        references.remove(parent)
        yield _search_by_parent(table, parent)
    else:
        # Different keys may have equal hashes: too much is suspected then.
        numbers["unique"] = f"count(*) - count(distinct hash({', '.join(table.key)}))"
    for reference in references:
        body = without_target(table, reference)
        numbers[reference.name] = f"(select count(*) from {table.name} {body})"
    yield Search(
        tuple(f"{table.name}.{name}" for name in numbers),
        f"select {', '.join(numbers.values())} from {table.name}",
    )


def _search_by_parent(table: Table, reference: Reference) -> Search:
    """Rows numbered 1, 2, ..., n set just the bits 1 to n; more than 61 rows are suspected."""
    *keys, number = table.key
    parent = TABLES[reference.table]
    counts = [count for count in parent.counts if count.table == table.name]
    key = ", ".join(keys)
    bit = f"case when {number} between 1 and 61 then 1::bigint << {number} end"
    children = [
        f"select {key}, count(*) as n, coalesce(bit_or({bit}), 0) as bits",
        *(f"count(*) filter (where {count.where}) as {count.column}_n" for count in counts),
    ]
    disordered = "case when n > 61 then true else bits <> (1::bigint << (n + 1)) - 2 end"
    suspicions = {
        f"{table.name}.unique": disordered,
        f"{table.name}.numbered": disordered,
        f"{table.name}.{reference.name}": "has_row is null",
        **{
            f"{parent.name}.{count.column}": f"{count.column} <> coalesce({count.column}_n, 0)"
            for count in counts
        },
    }
    numbers = [f"count(*) filter (where {condition})" for condition in suspicions.values()]
    return Search(
        tuple(suspicions),
        f"select {', '.join(numbers)} "
        f"from ({', '.join(children)} from {table.name} group by {key}) "
        f"full join (select *, true as has_row from {parent.name}) using ({key})",
    )
