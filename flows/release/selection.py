"""Selection of the rows of a split for training: what is left out, in words, and refusals."""

from collections.abc import Mapping

from schemas.errors import InputError, MostLeftOut

LeftOutCounts = Mapping[str, int]
"""Rows that are left out, by reason: `picture missing`, `without annotation`, ..."""


def describe_left_out(left_out: LeftOutCounts, rows: int, unit: str = "rows") -> str:
    """How many rows (or units of another name) are left out, and why; `rows` are the others."""
    total = sum(left_out.values())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    return f"left out {total:,} of {total + rows:,} {unit}" + (f" ({reasons})" if reasons else "")


def require_annotations(name: str, task: str, annotations: int) -> None:
    """InputError where a split (`name`) has no annotations for a task."""
    if not annotations:
        raise InputError(f"{name} has no annotations for the task {task}.")


def require_rows(
    name: str, task: str, *, annotations: int, rows: int, left_out: LeftOutCounts
) -> None:
    """InputError where a split (`name`) has no annotations for a task, or no rows that are used."""
    require_annotations(name, task, annotations)
    if not rows:
        advice = ""
        if any(reason.startswith("picture ") for reason in left_out):
            advice = "; ingest with the pictures"
        raise InputError(
            f"{name} has no rows for the task {task}: {describe_left_out(left_out, 0)}{advice}."
        )


def require_half(
    name: str, *, rows: int, left_out: LeftOutCounts, allow_left_out: bool, unit: str = "rows"
) -> None:
    """MostLeftOut where over half of a split (`name`) would be left out, unless allowed."""
    if sum(left_out.values()) > rows and not allow_left_out:
        raise MostLeftOut(
            f"nothing was written, because over half of {name} cannot be used: "
            f"{describe_left_out(left_out, rows, unit)}; --allow-left-out writes the others."
        )
