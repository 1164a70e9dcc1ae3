"""Section on landmarks: the mean shape of each category, each landmark a ring of its visibility."""

from collections import defaultdict
from typing import Any

from flows.exports.report.blocks import Block, details, grid
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.statistics import statistic_table
from schemas.categories import CATEGORIES

_WIDTH, _HEIGHT, _EDGE = 236.0, 280.0, 22.0


def landmarks(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The mean shape of each category with how often every landmark is visible."""
    statistic = content.statistics.get("landmark_visibility")
    visibility = content.rows("landmark_visibility", dataset)
    shapes = shape_blocks(
        content.rows("mean_landmark_shape", dataset), visibility, content.rows("box_sizes", dataset)
    )
    if not shapes or statistic is None:
        return None
    intro = (
        "The mean position of each landmark in the box of its item. The ring around it shows how "
        "often it is visible, occluded or not labelled; point at it for the numbers."
    )
    drawn = grid(shapes, width="shapes", legend=("visible", "occluded", "unlabelled"))
    table = details("All numbers", statistic_table(statistic, dataset))
    return Section(chapter, f"{dataset}-landmarks", "Landmarks", intro, [drawn, table])


def shape_blocks(
    shapes: list[dict[str, Any]], visibility: list[dict[str, Any]], boxes: list[dict[str, Any]]
) -> list[Block]:
    """Schematics from mean_landmark_shape, landmark_visibility and box_sizes of one data set.

    Splits are added up. The proportion of a drawing is the median one of the category's boxes;
    without boxes (FashionAI) 4 by 5.
    """
    counted: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in visibility:
        sums = counted[row["category_id"], row["landmark_no"]]
        for place, column in enumerate(("visible", "occluded", "unlabelled")):
            sums[place] += row[column]
    weighed: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in boxes:
        if row["measure"] == "aspect" and row["median"] is not None:
            weighed[row["category_id"]][0] += row["median"] * row["boxes"]
            weighed[row["category_id"]][1] += row["boxes"]
    edges = {
        (category.dataset, category.category_id): category.edges
        for categories in CATEGORIES.values()
        for category in categories
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
) -> Block:
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
            {
                "number": number,
                "x": round(x, 1),
                "y": round(y, 1),
                "visible": round(100 * visible / total, 1),
                "occluded": round(100 * occluded / total, 1),
                "label_x": round(x + 12.5 * (x - middle[0]) / out, 1),
                "label_y": round(y + 12.5 * (y - middle[1]) / out, 1),
                "text": f"{name}: {visible / total:.0%} visible, {occluded / total:.0%} occluded, "
                f"{unlabelled / total:.0%} unlabelled",
            }
        )
    seen, hidden, absent = (sum(column) for column in zip(*counts, strict=True))
    labels = max(1, seen + hidden + absent)
    return {
        "kind": "shape",
        "title": rows[0]["category_name"],
        "text": f"{seen / labels:.0%} visible, {hidden / labels:.0%} occluded",
        "width": round(wide + 2 * _EDGE, 1),
        "height": round(tall + 2 * _EDGE, 1),
        "lines": [
            (*(round(v, 1) for v in places[a]), *(round(v, 1) for v in places[b]))
            for a, b in edges
            if a in places and b in places
        ],
        "rings": rings,
        "radius": 4.0 if len(rows) > 20 else 5.2,
    }
