"""All pictures of one pair_id on a sheet: consumers left, shops right, a style in one colour."""

from collections.abc import Sequence
from math import ceil

from PIL import Image, ImageDraw

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.drawing.canvas import INK, NEUTRAL, PALETTE, PAPER, Rgb, font
from flows.exports.drawing.image import draw_annotations

_CELL, _GAP, _CAPTION, _MARGIN = 300, 14, 26, 28
_QUIET: Rgb = (92, 96, 102)


def contact_sheet(pictures: Sequence[AnnotatedPicture], *, columns: int = 6) -> Image.Image:
    """Consumers' pictures on the left, shops' on the right, at most `columns` abreast in all.

    An item's colour is its style's, the same on both sides; grey items have no counterpart
    annotated (style 0). Below, each style with how often it is seen on either side.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    styles = sorted({item.style for one in pictures for item in one.items if item.style})
    colours = {style: PALETTE[place % len(PALETTE)] for place, style in enumerate(styles)}
    sides = {
        "Consumers": [one for one in pictures if one.source != "shop"],
        "Shops": [one for one in pictures if one.source == "shop"],
    }
    across = _shares([len(side) for side in sides.values()], columns)
    blocks = [
        _block(name, side, colours, wide)
        for (name, side), wide in zip(sides.items(), across, strict=True)
    ]
    key = _style_key(pictures, colours, sum(block.width for block in blocks) + _GAP * 3)
    first = pictures[0]
    title = f"{first.dataset}  {first.split}  pair {first.pair_id}"
    head = 58
    width = max(sum(block.width for block in blocks) + 3 * _GAP + 2 * _MARGIN, 640)
    tall = max(block.height for block in blocks)
    sheet = Image.new("RGB", (width, head + tall + key.height + _MARGIN * 2), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, _MARGIN - 6), title, INK, font=font(26))
    x = _MARGIN
    for block in blocks:
        sheet.paste(block, (x, head + 12))
        x += block.width + 3 * _GAP
    middle = _MARGIN + blocks[0].width + round(1.5 * _GAP)
    draw.line((middle, head + 16, middle, head + tall), (222, 225, 229), width=2)
    sheet.paste(key, (_MARGIN, head + tall + _MARGIN - 4))
    return sheet


def _shares(counts: Sequence[int], columns: int) -> tuple[int, int]:
    """How many pictures stand abreast on either side, so that the sheet gets as short as it can."""
    choices = [(left, max(1, columns - left)) for left in range(1, max(2, columns))]

    def rows(choice: tuple[int, int]) -> tuple[int, int]:
        tall = max(ceil(n / wide) for n, wide in zip(counts, choice, strict=True))
        used = [min(max(1, n), wide) for n, wide in zip(counts, choice, strict=True)]
        return tall, sum(used)

    left, right = min(choices, key=rows)
    return min(left, max(1, counts[0])), min(right, max(1, counts[1]))


def _block(
    name: str, side: Sequence[AnnotatedPicture], colours: dict[int, Rgb], across: int
) -> Image.Image:
    """One side of the sheet, its pictures in rows under a heading."""
    cells = [_cell(one, colours) for one in side]
    rows = [cells[start : start + across] for start in range(0, len(cells), across)]
    heights = [max(cell.height for cell in row) for row in rows]
    width = across * _CELL + (across - 1) * _GAP
    block = Image.new("RGB", (width, 40 + sum(heights) + _GAP * max(0, len(rows) - 1)), PAPER)
    draw = ImageDraw.Draw(block)
    draw.text((0, 4), f"{name}  {len(side)}", INK, font=font(20))
    if not side:
        draw.text((0, 60), "none", _QUIET, font=font(16))
    y = 40
    for row, height in zip(rows, heights, strict=True):
        for place, cell in enumerate(row):
            block.paste(cell, (place * (_CELL + _GAP), y))
        y += height + _GAP
    return block


def _cell(one: AnnotatedPicture, colours: dict[int, Rgb]) -> Image.Image:
    """A picture of the sheet's width with its number below."""
    chosen = {item.item_no: colours.get(item.style or 0, NEUTRAL) for item in one.items}
    drawn = draw_annotations(
        one, side=2 * _CELL, legend=False, labels=False, colours=chosen, weight=2.0
    )
    ratio = min(_CELL / drawn.width, 1.4 * _CELL / drawn.height)
    drawn = drawn.resize(
        (max(1, round(drawn.width * ratio)), max(1, round(drawn.height * ratio))),
        Image.Resampling.LANCZOS,
    )
    cell = Image.new("RGB", (_CELL, drawn.height + _CAPTION), PAPER)
    cell.paste(drawn, ((_CELL - drawn.width) // 2, 0))
    draw = ImageDraw.Draw(cell)
    x, y = 2.0, drawn.height + 5
    draw.text((x, y), str(one.image_id), _QUIET, font=font(15))
    x += font(15).getlength(str(one.image_id)) + 12
    for item in one.items:
        draw.ellipse((x, y + 3, x + 11, y + 14), fill=chosen[item.item_no])
        words = f"style {item.style}" if item.style else "no style"
        draw.text((x + 16, y), words, _QUIET, font=font(15))
        x += 30 + font(15).getlength(words)
    return cell


def _style_key(
    pictures: Sequence[AnnotatedPicture], colours: dict[int, Rgb], width: int
) -> Image.Image:
    """Each style with its colour and how many items of it either side shows."""
    rows: list[tuple[Rgb, str]] = []
    for style, colour in colours.items():
        counted = {"user": 0, "shop": 0}
        names: set[str] = set()
        for one in pictures:
            for item in one.items:
                if item.style == style:
                    counted["shop" if one.source == "shop" else "user"] += 1
                    names.add(item.category_name)
        match = "" if all(counted.values()) else "  (no counterpart)"
        words = f"style {style}: {', '.join(sorted(names))}"
        words += f"  consumers {counted['user']}, shops {counted['shop']}{match}"
        rows.append((colour, words))
    if not rows or any(not item.style for one in pictures for item in one.items):
        rows.append((NEUTRAL, "style 0: no counterpart annotated"))
    key = Image.new("RGB", (max(width, 560), 26 * len(rows)), PAPER)
    draw = ImageDraw.Draw(key)
    for place, (colour, words) in enumerate(rows):
        draw.ellipse((2, place * 26 + 4, 16, place * 26 + 18), fill=colour)
        draw.text((26, place * 26 + 1), words, INK, font=font(16))
    return key
