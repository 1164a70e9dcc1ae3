"""The authors' retrieval rule in plain Python, loop by loop, and results to judge by it.

An independent reader: it knows the records of the authors' files, and nothing of SQL or the lake.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Record = Mapping[str, Any]
Box = Sequence[float]


class Judged(NamedTuple):
    """What a query got: the row of the record that was judged, from 1, its rank, or why not."""

    row: int | None
    rank: int | None
    outcome: str


def xywh(box: Box) -> tuple[float, float, float, float]:
    """A box of two corners as the script has it."""
    return box[0], box[1], box[2] - box[0], box[3] - box[1]


def iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, given as corners."""
    x, y, w, h = xywh(first)
    other_x, other_y, other_w, other_h = xywh(second)
    width = min(x + w, other_x + other_w) - max(x, other_x)
    if width <= 0:
        return 0.0
    height = min(y + h, other_y + other_h) - max(y, other_y)
    if height <= 0:
        return 0.0
    shared = width * height
    return shared / (w * h + other_w * other_h - shared)


def judge(
    records: Sequence[Record], queries: Sequence[Record], gallery: Sequence[Record]
) -> dict[int, Judged]:
    """Each query of a style above zero, by its place in `queries`.

    `records` are results, `queries` and `gallery` the truth: query_image_id or gallery_image_id,
    bbox, pair_id, style and, of queries, cls.
    """
    outcomes = {}
    for image_id in {query["query_image_id"] for query in queries}:
        places = [n for n, query in enumerate(queries) if query["query_image_id"] == image_id]
        detections = [
            (row, record)
            for row, record in enumerate(records, start=1)
            if record["query_image_id"] == image_id
        ]
        assigned: dict[int, list[tuple[int, Record]]] = {place: [] for place in places}
        for row, record in detections:
            best = places[0]
            for place in places[1:]:
                overlap = iou(record["query_bbox"], queries[place]["bbox"])
                if overlap > iou(record["query_bbox"], queries[best]["bbox"]):
                    best = place
            assigned[best].append((row, record))
        for place in places:
            if queries[place]["style"] > 0:
                outcomes[place] = judge_query(queries[place], assigned[place], gallery)
    return outcomes


def judge_query(
    query: Record, detections: Sequence[tuple[int, Record]], gallery: Sequence[Record]
) -> Judged:
    """The outcome of a query with the detections that are assigned to it."""
    if not detections:
        return Judged(None, None, "not detected")
    candidates = [pair for pair in detections if pair[1]["query_cls"] == query["cls"]]
    if not candidates:
        return Judged(None, None, "wrong category")
    row, record = max(candidates, key=lambda pair: pair[1]["query_score"])  # the first on a tie
    answers = [
        item
        for item in gallery
        if (item["pair_id"], item["style"]) == (query["pair_id"], query["style"])
    ]
    is_listed = False
    ranked = zip(record["gallery_image_id"], record["gallery_bbox"], strict=True)
    for rank, (image_id, box) in enumerate(ranked, start=1):
        for answer in answers:
            if answer["gallery_image_id"] == image_id:
                is_listed = True
                if iou(box, answer["bbox"]) >= 0.5:
                    return Judged(row, rank, "hit")
    return Judged(row, None, "gallery box too far" if is_listed else "not in the list")


def random_case(
    rng: random.Random, images: int, first_image: int = 0, first_pair: int = 0
) -> tuple[list[Record], list[Record], list[Record]]:
    """Results, queries and gallery in which every clause of the rule decides something.

    Boxes are on a coarse grid, so that overlaps tie and an IoU is exactly 0.5; scores are coarse
    too. Styles, pair_ids and categories are few, so that they agree often; images and
    pair_ids are counted from `first_image` and `first_pair`.
    """
    queries, gallery, results = [], [], []
    users = range(first_image + 1, first_image + images + 1)
    shops = range(users.stop, users.stop + images)
    for number in shops:
        pair_id = first_pair + rng.randint(1, 3)
        for _ in range(rng.randint(0, 3)):
            own = {"style": rng.randint(0, 2), "pair_id": pair_id, "bbox": grid_box(rng)}
            gallery.append({"gallery_image_id": number} | own)
    for number in users:
        pair_id = first_pair + rng.randint(1, 3)
        for _ in range(rng.randint(0, 3)):
            own = {"style": rng.randint(0, 2), "pair_id": pair_id, "bbox": grid_box(rng)}
            queries.append({"query_image_id": number, "cls": rng.randint(1, 2)} | own)
        for _ in range(rng.choice((0, 1, 2, 5))):
            length = rng.choice((20, 20, 20, 1, 7))
            listed = [rng.choice(gallery) if gallery else None for _ in range(length)]
            results.append(
                {
                    "query_image_id": number,
                    "query_bbox": grid_box(rng),
                    "query_cls": rng.randint(1, 2),
                    "query_score": rng.randint(0, 3) / 4,
                    "gallery_image_id": [
                        item["gallery_image_id"] if item else rng.choice(shops) for item in listed
                    ],
                    "gallery_bbox": [
                        item["bbox"] if item and rng.random() < 0.1 else grid_box(rng)
                        for item in listed
                    ],
                }
            )
    rng.shuffle(results)
    return results, queries, gallery


def grid_box(rng: random.Random) -> list[float]:
    """A box with corners on a grid; now and then without area."""
    x, y = 10 * rng.randint(0, 4), 10 * rng.randint(0, 4)
    return [x, y, x + 10 * rng.choice((0, 1, 2, 2, 3, 4)), y + 10 * rng.choice((1, 2, 2, 3, 4))]
