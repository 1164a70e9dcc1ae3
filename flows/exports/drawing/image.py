"""Annotations drawn on a picture: box, outlines, landmarks by visibility, skeleton, legend.

Predictions over them are dashed, their landmarks crosses: shapes that differ in grey, too.
"""

from collections import Counter

from PIL import Image, ImageDraw

from flows.exports.drawing.annotated import (
    AnnotatedItem,
    AnnotatedPicture,
    Point,
    PredictedItem,
    apply_orientation,
)
from flows.exports.drawing.canvas import (
    INK,
    NEUTRAL,
    PALETTE,
    PAPER,
    SUPERSAMPLING,
    Canvas,
    Rgb,
    font,
    wrapped,
)
from schemas.vocabulary import OCCLUDED, VISIBLE

_TINY = 96  # pictures below this are enlarged in whole pixels, as Fashion-MNIST's are
_GREY = (92, 96, 102)
TRUTH: Rgb = (0, 150, 225)
PREDICTION: Rgb = (255, 140, 0)
"""Colours of items and predictions where both are drawn; people who see two hues see both."""


def draw_annotations(
    shown: AnnotatedPicture,
    *,
    side: int | None = None,
    legend: bool = True,
    labels: bool = True,
    colours: dict[int, Rgb] | None = None,
    weight: float | None = None,
    letters: int | None = None,
) -> Image.Image:
    """The picture, its EXIF orientation applied, with its annotations drawn on top.

    Its longer side becomes `side` pixels: by default 1,000, or its own length when that is more,
    so that lines stay fine on small pictures. `colours` are those of the items by number, else the
    palette's in order, or TRUTH below predictions; `weight` is the width of a thin line and
    `letters` the size of labels, in pixels. A missing picture is a grey area of its size.
    """
    picture, turn = apply_orientation(_background(shown))
    items = shown.items
    scale = (side or max(1000, *picture.size)) / max(picture.size)
    enlarged = _resized(picture, scale)
    weight = weight or max(1.1, max(enlarged.size) / 640)
    canvas = Canvas(enlarged, scale=enlarged.width / picture.width, weight=weight, turn=turn)
    predictions = shown.predictions or ()
    palette = PALETTE if shown.predictions is None else (TRUTH,)
    chosen = colours or {
        item.item_no: palette[place % len(palette)] for place, item in enumerate(items)
    }
    for item in items:
        for polygon in item.polygons[:1]:
            canvas.fill(polygon, chosen[item.item_no])
    for item in items:
        _draw_item(canvas, item, chosen[item.item_no], weight)
    for prediction in predictions:
        _draw_prediction(canvas, prediction, weight)
    if labels:
        size = letters or max(13, round(max(enlarged.size) / 52))
        for item in items:
            points = [landmark.place for landmark in item.landmarks if landmark.place]
            corners = _corners(item.box) or points
            canvas.label(corners, item_label(item), chosen[item.item_no], size=size)
        for prediction in predictions:
            corners = _corners(prediction.extent)
            canvas.label(corners, prediction_label(prediction), PREDICTION, size=size)
    drawn = canvas.image()
    return _with_legend(drawn, shown, chosen) if legend else drawn


def _background(shown: AnnotatedPicture) -> Image.Image:
    if shown.picture is not None:
        return shown.picture
    size = shown.size or (468, 624)
    background = Image.new("RGB", size, (214, 217, 221))
    face = font(max(12, size[0] // 18))
    ImageDraw.Draw(background).text(
        (size[0] / 2, size[1] / 2), "picture missing", _GREY, font=face, anchor="mm"
    )
    return background


def _resized(picture: Image.Image, scale: float) -> Image.Image:
    if max(picture.size) <= _TINY:
        whole = max(1, round(scale))
        size = (picture.width * whole, picture.height * whole)
        return picture.convert("RGB").resize(size, Image.Resampling.NEAREST)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _draw_item(canvas: Canvas, item: AnnotatedItem, colour: Rgb, weight: float) -> None:
    if item.box is not None:
        canvas.line(_corners(item.box), colour, weight=0.8)
    for a, b in item.edges:
        ends = [item.landmarks[k - 1].place for k in (a, b) if k <= len(item.landmarks)]
        line = [end for end in ends if end]
        if len(line) == 2:
            canvas.line(line, PAPER, weight=2.4)
    for place, polygon in enumerate(item.polygons):
        ring = (*polygon, polygon[0])
        canvas.line(ring, colour, weight=1.2 if place == 0 else 0.7, outlined=False)
    for landmark in item.landmarks:
        if landmark.place and landmark.visibility in (VISIBLE, OCCLUDED):
            filled = landmark.visibility == VISIBLE
            canvas.dot(landmark.place, colour, radius=weight * 2.2, filled=filled)


def _corners(box: tuple[float, float, float, float] | None) -> list[Point]:
    """The corners of a box, the first once more; none without a box."""
    if box is None:
        return []
    x1, y1, x2, y2 = box
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)]


def _draw_prediction(canvas: Canvas, prediction: PredictedItem, weight: float) -> None:
    for outline in (_corners(prediction.box), *prediction.outlines):
        canvas.line(outline, PREDICTION, weight=1.3, dashed=True)
    for a, b in prediction.edges:
        ends = [prediction.landmarks[k - 1] for k in (a, b) if k <= len(prediction.landmarks)]
        line = [end for end in ends if end]
        if len(line) == 2:
            canvas.line(line, PREDICTION, weight=1.3, dashed=True)
    for point in prediction.landmarks:
        if point:
            canvas.cross(point, PREDICTION, radius=weight * 3.2)


def prediction_label(prediction: PredictedItem) -> str:
    """The label of a prediction: its category, and its score where it has one."""
    score = "" if prediction.score is None else f" {prediction.score:.2f}"
    return prediction.category_name + score


def item_label(item: AnnotatedItem) -> str:
    """The label of an item: its category, and its style where it has one."""
    return item.category_name + (f" · style {item.style}" if item.style else "")


def _with_legend(
    drawn: Image.Image,
    shown: AnnotatedPicture,
    colours: dict[int, Rgb],
) -> Image.Image:
    """The picture with a legend below: its key, its items, the meaning of dots and lines."""
    width = max(drawn.width, 560)
    size = max(14, width // 60)
    pad, row, title_size = size, round(size * 1.7), round(size * 1.2)
    title = f"{shown.dataset}  {shown.split}  {shown.image_id}"
    if shown.source:
        title += f"   {shown.source}, pair {shown.pair_id}"
    titles = wrapped(title, title_size, width - 2 * pad)
    lines: list[tuple[str, Rgb | None]] = [] if shown.items else [("no annotated item", None)]
    for item in shown.items:
        first, *rest = wrapped(_description(item), size, width - 2 * pad - row)
        lines += [(first, colours[item.item_no]), *((line, None) for line in rest)]
    items_end = len(lines)
    for prediction in shown.predictions or ():
        lines.append((f"record {prediction.row}: {prediction_label(prediction)}", PREDICTION))
    if shown.predictions == ():
        lines.append(("no prediction", None))
    signs = 1 if shown.predictions is None else 2
    height = pad + row * (len(titles) + len(lines) + signs) + pad
    sheet = Image.new("RGB", (width, drawn.height + height), PAPER)
    sheet.paste(drawn, ((width - drawn.width) // 2, 0))

    panel = Canvas(sheet.crop((0, drawn.height, *sheet.size)), weight=max(1.2, size / 11))
    y = pad * 0.8
    for text in titles:
        _write(panel, (pad, y), text, title_size, INK)
        y += row
    for place, (text, colour) in enumerate(lines):
        middle = (pad + size * 0.4, y + size * 0.55)
        if colour is not None and place < items_end:
            panel.dot(middle, colour, radius=size * 0.36, filled=True)
        elif colour is not None:
            panel.cross(middle, colour, radius=size * 0.36)
        _write(panel, (pad + row * 0.8, y), text, size, INK)
        y += row
    _signs(panel, y, pad, size)
    if shown.predictions is not None:
        _sides(panel, y + row, pad, size)
    sheet.paste(panel.image(), (0, drawn.height))
    return sheet


def _description(item: AnnotatedItem) -> str:
    """The line of an item in the legend."""
    text = f"item {item.item_no}: {item_label(item)}"
    if item.landmarks:
        words = Counter(landmark.visibility for landmark in item.landmarks)
        text += f" · {len(item.landmarks)} landmarks: {words[VISIBLE]} visible, "
        text += f"{words[OCCLUDED]} occluded"
    if item.polygons:
        text += f" · {len(item.polygons)} polygon{'s' if len(item.polygons) > 1 else ''}"
    return text


def _signs(panel: Canvas, y: float, pad: int, size: int) -> None:
    """The meaning of dots and lines, in one row."""
    x, middle = float(pad), y + size * 0.6
    for word in (VISIBLE, OCCLUDED):
        panel.dot((x + size * 0.4, middle), NEUTRAL, radius=size * 0.34, filled=word == VISIBLE)
        x = _write(panel, (x + size * 1.1, y), word, size, _GREY) + size * 1.5
    for word, colour, weight in (
        ("outline", NEUTRAL, 1.3),
        ("skeleton", PAPER, 2.4),
        ("box", NEUTRAL, 0.8),
    ):
        line = ((x, middle), (x + size * 1.6, middle))
        panel.line(line, colour, weight=weight, outlined=word != "outline")
        x = _write(panel, (x + size * 2.0, y), word, size, _GREY) + size * 1.5


def _sides(panel: Canvas, y: float, pad: int, size: int) -> None:
    """How the truth and predictions are drawn, in one row."""
    x, middle = float(pad), y + size * 0.6
    for word, colour in (("truth", TRUTH), ("prediction", PREDICTION)):
        line = ((x, middle), (x + size * 3.2, middle))
        panel.line(line, colour, weight=1.3, dashed=colour == PREDICTION)
        mark = (x + size * 4.2, middle)
        if colour == PREDICTION:
            panel.cross(mark, colour, radius=size * 0.36)
        else:
            panel.dot(mark, colour, radius=size * 0.34, filled=True)
        x = _write(panel, (x + size * 5.0, y), word, size, _GREY) + size * 1.5


def _write(panel: Canvas, at: tuple[float, float], text: str, size: int, colour: Rgb) -> float:
    """Write a text and return where it ends."""
    place = (at[0] * SUPERSAMPLING, at[1] * SUPERSAMPLING)
    panel.draw.text(place, text, font=font(size * SUPERSAMPLING), fill=(*colour, 255))
    return at[0] + font(size).getlength(text)
