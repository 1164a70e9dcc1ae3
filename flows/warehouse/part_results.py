"""Results that add up over parts: those of the changed parts, and of all parts with the parent's.

All rows of an image are in one part. So the offending rows of a check of scope `part` are those of
each part, rows that a check examines are counted by part, and the numbers of a statistic of scope
`sum` are those of the parent, less what the changed parts had, plus what they have.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa

from flows.release.manifest import part_name
from flows.warehouse.contracts import contracts
from flows.warehouse.engines import AnyWarehouse, fetch, select
from flows.warehouse.examined_rows import Examined
from flows.warehouse.queries import Query, queries
from schemas import TABLES
from schemas.errors import InputError

PART_COUNTS = pa.schema([("part", pa.string()), ("counted", pa.string()), ("rows", pa.int64())])
"""Rows of one part: those that the check `counted` finds, or those of `examined_names`."""


def examined_names(examined: Examined) -> tuple[str, str]:
    """What PART_COUNTS calls the rows that a check examines, and those that it cannot."""
    examines, lacks = examined.counts
    return f"{examines} from {examined.source}", f"{lacks} from {examined.source}"


def checks_of_parts() -> list[Query]:
    """The checks of scope `part`."""
    return [check for check in queries("checks") if check.scope == "part"]


def counted_by_part() -> list[Query]:
    """The checks and contracts whose examined rows are counted by part.

    Checks of scope `whole` may examine the same rows as those of scope `part`.
    """
    of_parts = [check for check in contracts() if not TABLES[check.reads[0]].derived]
    of_parts += checks_of_parts()
    sources = {check.examines.source for check in of_parts if check.examines}
    checks = (check for check in queries("checks") if check.scope == "whole")
    return of_parts + [each for each in checks if each.examines and each.examines.source in sources]


def count_by_part(changed: AnyWarehouse) -> tuple[pa.Table, dict[str, str]]:
    """PART_COUNTS of these parts, without zeros; why something could not be counted, by its name.

    `changed` was opened `by_part`: the split of a row has the number of its part.
    """
    rows: list[tuple[str, str, int]] = []
    failures: dict[str, str] = {}
    by_source: dict[str, dict[str, str]] = defaultdict(dict)
    for check in counted_by_part():
        if check.examines:
            names = examined_names(check.examines)
            by_source[check.examines.source] |= zip(names, check.examines.counts, strict=True)
    for check in checks_of_parts():
        try:
            rows += _grouped(changed, f"(\n{check.text}\n) as offending", {check.name: "count(*)"})
        except InputError as error:
            failures[check.name] = str(error)
    for source, numbers in by_source.items():
        try:
            rows += _grouped(changed, source, numbers)
        except InputError as error:
            failures |= dict.fromkeys(numbers, str(error))
    return part_counts(rows), failures


def part_counts(rows: Sequence[tuple[str, str, int]]) -> pa.Table:
    """Rows as PART_COUNTS."""
    columns = zip(*rows, strict=True) if rows else [[]] * len(PART_COUNTS)
    return pa.table([*map(list, columns)], schema=PART_COUNTS)


def _grouped(
    changed: AnyWarehouse, source: str, numbers: dict[str, str]
) -> list[tuple[str, str, int]]:
    """Numbers over a source by part, as rows of PART_COUNTS."""
    selected = ", ".join(numbers.values())
    text = f"select dataset, split, {selected} from {source} group by dataset, split"
    rows = []
    for dataset, split_and_number, *counts in fetch(changed, text):
        split, _, number = split_and_number.partition(".")
        part = part_name(dataset, split, int(number))
        rows += [(part, *pair) for pair in zip(numbers, counts, strict=True) if pair[1]]
    return rows


def all_part_counts(kept: pa.Table, changed: pa.Table) -> pa.Table:
    """PART_COUNTS of all parts, in order."""
    both = pa.concat_tables([kept.cast(PART_COUNTS), changed])
    return both.sort_by([("part", "ascending"), ("counted", "ascending")])


def add_up(
    statistic: Query, stored: pa.Table, before: AnyWarehouse, after: AnyWarehouse
) -> pa.Table:
    """The rows of a statistic of scope `sum`, in order: stored - before + after.

    `stored` are the parent's rows, `before` has the parent's parts that changed since, `after` the
    same parts as they are now. A row whose numbers are all zero disappears.
    """
    import pyarrow.compute as pc  # 0.03 s, which commands that only query do not need

    numbers = [name for name in statistic.columns if name not in statistic.grain]
    removed, added = (select(side, statistic.text).read_all() for side in (before, after))
    for name in numbers:
        place = removed.schema.get_field_index(name)
        removed = removed.set_column(place, name, pc.negate(removed[name]))
    sides = [stored, removed.cast(stored.schema), added.cast(stored.schema)]
    groups = pa.concat_tables(sides).group_by(list(statistic.grain), use_threads=False)
    totals = groups.aggregate([(name, "sum") for name in numbers])
    totals = totals.rename_columns([*statistic.grain, *numbers])
    is_zero = (pc.equal(totals[name], pa.scalar(0, totals[name].type)) for name in numbers)
    totals = totals.filter(pc.invert(reduce(pc.and_, is_zero)))
    keys = {}
    for name in statistic.grain:
        if totals[name].null_count:
            keys[f"{name} is valid"] = pc.is_valid(totals[name])  # nulls first
        keys[name] = totals[name]
    places = pc.sort_indices(pa.table(keys), [(name, "ascending") for name in keys])
    return totals.take(places).select(stored.column_names).cast(stored.schema)


@dataclass(frozen=True)
class PartVerdicts:
    """What is known of the parts of a release before its checks run.

    `changed` has the rows of changed parts, `counts` are PART_COUNTS of all parts, `failures` says
    why something could not be counted. `open_parts` opens the files of some parts.
    """

    changed: AnyWarehouse
    counts: pa.Table
    failures: Mapping[str, str]
    open_parts: Callable[[frozenset[str]], AnyWarehouse]

    def of(self, name: str) -> dict[str, int]:
        """The rows that have this name, by part, in the order of the parts."""
        import pyarrow.compute as pc

        own = self.counts.filter(pc.field("counted") == name)
        rows = zip(own["part"].to_pylist(), own["rows"].to_pylist(), strict=True)
        return dict(sorted(rows, key=lambda row: row[0].split("/")))

    def first_rows(self, check: Query, most: int) -> list[tuple[Any, ...]]:
        """The first offending rows: those of the first parts that have some.

        Within a split, parts and the rows of a check are in the order of image_id.
        """
        chosen, rows = [], 0
        for part, count in self.of(check.name).items():
            chosen.append(part)
            rows += count
            if rows >= most:
                break
        text = f"select * from (\n{check.text}\n) limit {int(most)}"
        return fetch(self.open_parts(frozenset(chosen)), text)
