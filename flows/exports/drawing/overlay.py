"""Annotations as SVG over a picture: items in, markup out, sharp at any size.

Layers are groups with a class each, which a style sheet switches. Marks differ in shape, not only
in colour: a visible landmark is a dot, an occluded one a hollow square, a prediction is dashed.
"""

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from flows.exports.drawing.annotated import AnnotatedItem, Landmark, Point, PredictedItem
from schemas.categories import Edge
from schemas.vocabulary import OCCLUDED, VISIBLE

LAYERS = ("boxes", "outlines", "landmarks", "numbers", "predictions")
"""The layers by name, in the order in which they are switched."""

HUES = 8
"""Colours of items, as classes `hue-0`, ...; the style sheet has them."""

Turn = Callable[[float, float], Point]


def svg_overlay(
    size: tuple[int, int],
    turn: Turn,
    items: Sequence[AnnotatedItem] = (),
    predictions: Sequence[PredictedItem] = (),
    *,
    names: Sequence[Sequence[str | None]] = (),
) -> Markup:
    """The annotations of a picture of `size` as shown; `turn` leads there from stored pixels.

    `names` are those of the landmarks of each item: with them landmarks have numbers and names.
    """
    layers: dict[str, list[str]] = {name: [] for name in LAYERS}
    unit = max(size) / 100
    for place, item in enumerate(items):
        hue = f"hue-{place % HUES}"
        for number, polygon in enumerate(item.polygons):
            kind = f"{hue} outline" if number == 0 else f"{hue} part"
            layers["outlines"] += _paths([kind], [polygon], turn, closed=True)
        if item.box is not None:
            corners = _corners(item.box)
            layers["boxes"] += _paths(["halo", f"{hue} box"], [corners], turn, closed=True)
        layers["landmarks"] += _landmarks(item, hue, turn)
        if names:
            layers["numbers"] += _numbers(item.landmarks, names[place], turn, unit)
    for prediction in predictions:
        layers["predictions"] += _prediction(prediction, turn, unit)
    groups = "".join(
        f'<g class="layer-{name}">{"".join(marks)}</g>' for name, marks in layers.items() if marks
    )
    width, height = size
    # Numbers, names of classes and escaped text.
    return Markup(
        f'<svg class="overlay" viewBox="0 0 {width} {height}" preserveAspectRatio="none" '
        f'aria-hidden="true">{groups}</svg>'
    )


def _landmarks(item: AnnotatedItem, hue: str, turn: Turn) -> Iterable[str]:
    """The outline's edges, then dots and squares: lines of no length, of the width of a mark."""
    edges = _edges([landmark.place for landmark in item.landmarks], item.edges)
    if edges:
        yield from _paths(["edge"], edges, turn)
    for word in (VISIBLE, OCCLUDED):
        points = [
            (mark.place,) for mark in item.landmarks if mark.place and mark.visibility == word
        ]
        if points:
            kinds = [f"mark-edge {word}", f"{hue} mark {word}"]
            yield from _paths(kinds + ["hole"] * (word == OCCLUDED), points, turn)


def _numbers(
    landmarks: Sequence[Landmark], names: Sequence[str | None], turn: Turn, unit: float
) -> Iterable[str]:
    """The number of each landmark, and its name below that."""
    for number, (landmark, name) in enumerate(zip(landmarks, names, strict=True), start=1):
        if landmark.place:
            x, y = turn(*landmark.place)
            for text, down, height in ((number, -0.5, 2.4), (name, 1.3, 1.7)):
                if text is not None:
                    yield (
                        f'<text x="{_number(x + unit)}" y="{_number(y + down * unit)}" '
                        f'font-size="{_number(height * unit)}">{escape(text)}</text>'
                    )


def _prediction(prediction: PredictedItem, turn: Turn, unit: float) -> Iterable[str]:
    """Box, outlines and edges dashed; landmarks as crosses."""
    outlines = [*prediction.outlines]
    if prediction.box:
        outlines.append(_corners(prediction.box))
    if outlines:
        yield from _paths(["halo", "prediction"], outlines, turn, closed=True)
    edges = _edges(prediction.landmarks, prediction.edges)
    if edges:
        yield from _paths(["prediction"], edges, turn)
    strokes = [
        ((x - unit, y - down), (x + unit, y + down))
        for x, y in filter(None, prediction.landmarks)
        for down in (unit, -unit)
    ]
    if strokes:
        yield from _paths(["mark-edge cross", "cross"], strokes, turn)


def _edges(places: Sequence[Point | None], edges: Sequence[Edge]) -> list[tuple[Point, Point]]:
    """The ends of the edges between landmarks that have a place."""
    ends = [(places[a - 1], places[b - 1]) for a, b in edges if max(a, b) <= len(places)]
    return [(a, b) for a, b in ends if a and b]


def _corners(box: tuple[float, float, float, float]) -> tuple[Point, ...]:
    x1, y1, x2, y2 = box
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def _paths(
    kinds: Iterable[str], lines: Iterable[Sequence[Point]], turn: Turn, closed: bool = False
) -> list[str]:
    """Lines as one path, once for each class of marks.

    A line of one point has no length, but the width of its stroke.
    """
    steps = []
    for line in lines:
        turned = [turn(x, y) for x, y in line]
        points = "L".join([f"{_number(x)} {_number(y)}" for x, y in turned])
        end = "h0" if len(line) == 1 else "z" if closed else ""
        steps.append(f"M{points}{end}")
    data = "".join(steps)
    return [f'<path class="{kind}" d="{data}"/>' for kind in kinds]


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
