"""Section on landmarks: the mean shape of each category, each landmark a ring of its visibility."""

from collections import Counter, defaultdict
from math import hypot
from typing import Any

from flows.exports.report.blocks import Block, details, grid
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.plots import plot_block
from flows.exports.report.statistics import statistic_table
from schemas.categories import category
from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

_WIDTH, _HEIGHT, _EDGE = 236.0, 280.0, 22.0

_WORDS = (VISIBLE, OCCLUDED, UNLABELLED)

Rows = list[dict[str, Any]]
Point = tuple[float, float]


def landmarks(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The mean shape of each category with how often every landmark is visible."""
    names = ("mean_landmark_shape", "landmark_visibility", "box_sizes")
    shapes = shape_blocks(*(content.rows(name, dataset) for name in names))
    statistic = content.statistics.get("landmark_visibility")
    if not shapes or statistic is None:
        return None
    intro = (
        "The mean position of each landmark in the box of its item. The ring around it shows how "
        "often it is visible, occluded or not labelled; point at it for the numbers."
    )
    drawn = grid(shapes, width="shapes", legend=_WORDS)
    named = grid(occlusion_plots(content.rows("landmark_visibility", dataset)), title=_OCCLUSION)
    table = details("All numbers", statistic_table(statistic, dataset))
    return Section(chapter, f"{dataset}-landmarks", "Landmarks", intro, [drawn, named, table])


_OCCLUSION = "Occluded share, of the items with this landmark labelled"


def occlusion_plots(visibility: Rows) -> list[Block]:
    """A plot per category of how often each named landmark is occluded; splits are added up.

    DeepFashion2 does not name its landmarks: it has no such plots.
    """
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in visibility:
        if row["landmark_name"]:
            counted = {word: row[word] for word in (VISIBLE, OCCLUDED)}
            name = f"{row['landmark_no']} {row['landmark_name'].replace('_', ' ')}"
            counts[row["category_name"]][name].update(counted)
    shares = {
        category_name: [
            {"landmark": name, "occluded": counted[OCCLUDED] / counted.total()}
            for name, counted in of_category.items()
            if counted.total()
        ]
        for category_name, of_category in counts.items()
    }
    scale = [row for rows in shares.values() for row in rows]
    channels, units = {"x": "occluded", "y": "landmark"}, {"occluded": "share"}
    return [
        plot_block("bar", rows, channels, title=category_name, scale=scale, units=units)
        for category_name, rows in shares.items()
        if rows
    ]


def shape_blocks(shapes: Rows, visibility: Rows, boxes: Rows) -> list[Block]:
    """Schematics from mean_landmark_shape, landmark_visibility and box_sizes of one data set.

    Splits are added up. The proportion of a drawing is the median one of the category's boxes;
    without boxes (FashionAI) 4 by 5.
    """
    counts: dict[int, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in visibility:
        counted = {word: row[word] for word in _WORDS}
        counts[row["category_id"]][row["landmark_no"]].update(counted)
    weighed: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in boxes:
        if row["measure"] == "aspect" and row["median"] is not None:
            weighed[row["category_id"]][0] += row["median"] * row["boxes"]
            weighed[row["category_id"]][1] += row["boxes"]
    grouped: dict[int, Rows] = defaultdict(list)
    for row in shapes:
        grouped[row["category_id"]].append(row)
    return [
        _shape(
            rows,
            counts[number],
            weighed[number][0] / weighed[number][1] if weighed[number][1] else 0.8,
        )
        for number, rows in sorted(grouped.items())
    ]


def _shape(rows: Rows, counts: dict[int, Counter[str]], aspect: float) -> Block:
    wide = min(_WIDTH - 2 * _EDGE, (_HEIGHT - 2 * _EDGE) * aspect)
    tall = wide / aspect
    places = {
        row["landmark_no"]: (_EDGE + row["mean_x"] * wide, _EDGE + row["mean_y"] * tall)
        for row in rows
        if row["mean_x"] is not None
    }
    count = max(1, len(places))
    middle = (
        sum(x for x, _ in places.values()) / count,
        sum(y for _, y in places.values()) / count,
    )
    total = sum((counts[row["landmark_no"]] for row in rows), Counter[str]())
    drawn = category(rows[0]["dataset"], rows[0]["category_id"])
    return {
        "kind": "shape",
        "title": rows[0]["category_name"],
        "text": _shares(total, _WORDS[:2]),
        "width": round(wide + 2 * _EDGE, 1),
        "height": round(tall + 2 * _EDGE, 1),
        "lines": [
            [round(value, 1) for value in (*places[a], *places[b])]
            for a, b in drawn.edges
            if a in places and b in places
        ],
        "rings": [
            _ring(row, counts[row["landmark_no"]], places[row["landmark_no"]], middle)
            for row in rows
            if row["landmark_no"] in places
        ],
        "radius": 4.0 if len(rows) > 20 else 5.2,
    }


def _ring(row: dict[str, Any], counts: Counter[str], place: Point, middle: Point) -> Block:
    """A landmark with its number on the side away from the middle."""
    x, y = place
    out = max(1e-6, hypot(x - middle[0], y - middle[1]))
    total = max(1, counts.total())
    name = f"{row['landmark_no']} {(row['landmark_name'] or '').replace('_', ' ')}".strip()
    return {
        "number": row["landmark_no"],
        "x": round(x, 1),
        "y": round(y, 1),
        "visible": round(100 * counts[VISIBLE] / total, 1),
        "occluded": round(100 * counts[OCCLUDED] / total, 1),
        "label_x": round(x + 12.5 * (x - middle[0]) / out, 1),
        "label_y": round(y + 12.5 * (y - middle[1]) / out, 1),
        "text": f"{name}: {_shares(counts, _WORDS)}",
    }


def _shares(counts: Counter[str], words: tuple[str, ...]) -> str:
    return ", ".join(f"{counts[word] / max(1, counts.total()):.0%} {word}" for word in words)
