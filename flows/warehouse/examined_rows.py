"""Rows that a check examines, as its header or contract declares them.

A check that finds nothing says something only about the rows that it could examine.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Examined(NamedTuple):
    """The rows of `source` (as in a FROM clause) that a check examines.

    Its rule is about the rows that meet `where`. Of these it can examine those that meet `needs`;
    `lacks` names what the others lack.
    """

    source: str
    where: str = "true"
    needs: str = "true"
    lacks: str = ""

    @property
    def counts(self) -> tuple[str, str]:
        """Two numbers over `source`: the rows examined, and those without what the check needs."""
        return (
            f"count(*) filter (where ({self.where}) and ({self.needs}))",
            f"count(*) filter (where ({self.where}) and ({self.needs}) is not true)",
        )


def parse_examined(check: str, examines: Sequence[str], needs: Sequence[str]) -> Examined:
    """The header fields `examines` and `needs` of a check. ValueError for another form."""
    source, _, where = examines[0].partition(" where ")
    condition, colon, lacks = needs[0].partition(": ") if needs else ("true", ":", "")
    if len(examines) > 1 or len(needs) > 1 or not colon:
        raise ValueError(f"query {check}: not one line `needs condition: what rows lack`")
    return Examined(source, where or "true", condition, lacks)
