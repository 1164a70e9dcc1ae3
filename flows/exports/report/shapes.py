"""The mean shape of each category as a drawing, every landmark a ring of how often it is seen."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from schemas.categories import CATEGORIES

_WIDTH, _HEIGHT, _EDGE = 236.0, 280.0, 22.0


@dataclass(frozen=True)
class Ring:
    """One landmark: its place in the drawing and its shares, of 100, from the top clockwise."""

    number: int
    x: float
    y: float
    visible: float
    occluded: float
    label_x: float
    label_y: float
    words: str


@dataclass(frozen=True)
class ShapeBlock:
    """One category's schematic: lines between rings, and the box they were measured in."""

    title: str
    words: str
    width: float
    height: float
    lines: tuple[tuple[float, float, float, float], ...]
    rings: tuple[Ring, ...]
    radius: float
    kind: str = "shape"


def shape_blocks(
    shapes: list[dict[str, Any]], visibility: list[dict[str, Any]], boxes: list[dict[str, Any]]
) -> list[ShapeBlock]:
    """Schematics from mean_landmark_shape, landmark_visibility and box_sizes of one data set.

    Splits are added up. The proportion of a drawing is the median one of the category's boxes;
    without boxes (FashionAI) a portrait stands in.
    """
    counted: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in visibility:
        sums = counted[row["category_id"], row["landmark_no"]]
        for place, word in enumerate(("visible", "occluded", "unlabelled")):
            sums[place] += row[word]
    weighed: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in boxes:
        if row["measure"] == "aspect" and row["median"] is not None:
            weighed[row["category_id"]][0] += row["median"] * row["boxes"]
            weighed[row["category_id"]][1] += row["boxes"]
    edges = {
        (one.dataset, one.category_id): one.edges for known in CATEGORIES.values() for one in known
    }
    grouped: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in shapes:
        grouped[row["category_id"]].append(row)
    return [
        _shape(
            rows,
            [counted[number, row["landmark_no"]] for row in rows],
            weighed[number][0] / weighed[number][1] if weighed[number][1] else 0.8,
            edges.get((rows[0]["dataset"], number), ()),
        )
        for number, rows in sorted(grouped.items())
    ]


def _shape(
    rows: list[dict[str, Any]],
    counts: list[list[int]],
    aspect: float,
    edges: tuple[tuple[int, int], ...],
) -> ShapeBlock:
    inner_width, inner_height = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE
    wide = min(inner_width, inner_height * aspect)
    tall = wide / aspect
    places = {
        row["landmark_no"]: (_EDGE + row["mean_x"] * wide, _EDGE + row["mean_y"] * tall)
        for row in rows
        if row["mean_x"] is not None
    }
    middle = (
        sum(x for x, _ in places.values()) / max(1, len(places)),
        sum(y for _, y in places.values()) / max(1, len(places)),
    )
    rings = []
    for row, (visible, occluded, unlabelled) in zip(rows, counts, strict=True):
        number, total = row["landmark_no"], max(1, visible + occluded + unlabelled)
        if number not in places:
            continue
        x, y = places[number]
        out = max(1e-6, ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5)
        name = f"{number} {(row['landmark_name'] or '').replace('_', ' ')}".strip()
        rings.append(
            Ring(
                number,
                round(x, 1),
                round(y, 1),
                round(100 * visible / total, 1),
                round(100 * occluded / total, 1),
                round(x + 12.5 * (x - middle[0]) / out, 1),
                round(y + 12.5 * (y - middle[1]) / out, 1),
                f"{name}: {visible / total:.0%} visible, {occluded / total:.0%} occluded, "
                f"{unlabelled / total:.0%} unlabelled",
            )
        )
    seen, hidden, absent = (sum(column) for column in zip(*counts, strict=True))
    whole = max(1, seen + hidden + absent)
    return ShapeBlock(
        rows[0]["category_name"],
        f"{seen / whole:.0%} visible, {hidden / whole:.0%} occluded",
        round(wide + 2 * _EDGE, 1),
        round(tall + 2 * _EDGE, 1),
        tuple(
            (*(round(v, 1) for v in places[a]), *(round(v, 1) for v in places[b]))
            for a, b in edges
            if a in places and b in places
        ),
        tuple(rings),
        4.0 if len(rows) > 20 else 5.2,
    )
