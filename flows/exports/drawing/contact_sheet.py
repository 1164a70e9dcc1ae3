"""Contact sheet of one pair_id: consumers' pictures left, shops' right, one colour per style."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageOps

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.drawing.canvas import INK, NEUTRAL, PALETTE, PAPER, Rgb, font
from flows.exports.drawing.image import draw_annotations

_CELL, _GAP, _CAPTION, _MARGIN, _HEAD = 300, 14, 26, 28, 70
_QUIET: Rgb = (92, 96, 102)


def contact_sheet(pictures: Sequence[AnnotatedPicture], *, columns: int = 6) -> Image.Image:
    """Consumers' pictures on the left, shops' on the right, `columns` (at least 2) side by side.

    The colour of an item is that of its style, on both sides; grey items have no counterpart
    annotated (style 0). Each picture has its number and styles below.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    styles = sorted({item.style for picture in pictures for item in picture.items if item.style})
    colours = {style: PALETTE[place % len(PALETTE)] for place, style in enumerate(styles)}
    shops = [picture for picture in pictures if picture.source == "shop"]
    consumers = [picture for picture in pictures if picture.source != "shop"]
    # The columns are divided as the pictures are, with at least one for each side.
    left = min(columns - 1, max(1, round(columns * len(consumers) / len(pictures))))
    blocks = [
        _block("Consumers", consumers, colours, left),
        _block("Shops", shops, colours, columns - left),
    ]
    first = pictures[0]
    width = sum(block.width for block in blocks) + 3 * _GAP + 2 * _MARGIN
    tall = max(block.height for block in blocks)
    sheet = Image.new("RGB", (width, _HEAD + tall + _MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    title = f"{first.dataset}  {first.split}  pair {first.pair_id}"
    draw.text((_MARGIN, _MARGIN - 6), title, INK, font=font(26))
    sheet.paste(blocks[0], (_MARGIN, _HEAD))
    sheet.paste(blocks[1], (_MARGIN + blocks[0].width + 3 * _GAP, _HEAD))
    middle = _MARGIN + blocks[0].width + round(1.5 * _GAP)
    draw.line((middle, _HEAD, middle, _HEAD + tall), (222, 225, 229), width=2)
    return sheet


def _block(
    name: str, side: Sequence[AnnotatedPicture], colours: dict[int, Rgb], across: int
) -> Image.Image:
    """One side of the sheet, its pictures in rows under a heading."""
    across = min(across, max(1, len(side)))
    cells = [_cell(picture, colours) for picture in side]
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


def _cell(picture: AnnotatedPicture, colours: dict[int, Rgb]) -> Image.Image:
    """A picture in the width of a column, with its number and styles below."""
    chosen = {item.item_no: colours.get(item.style or 0, NEUTRAL) for item in picture.items}
    drawn = draw_annotations(
        picture,
        side=2 * _CELL,
        legend=False,
        labels=picture.predictions is not None,
        colours=chosen,
        weight=2.0,
        letters=30,
    )
    drawn = ImageOps.contain(drawn, (_CELL, round(1.4 * _CELL)), Image.Resampling.LANCZOS)
    cell = Image.new("RGB", (_CELL, drawn.height + _CAPTION), PAPER)
    cell.paste(drawn, ((_CELL - drawn.width) // 2, 0))
    draw = ImageDraw.Draw(cell)
    x, y = 2.0, drawn.height + 5
    draw.text((x, y), str(picture.image_id), _QUIET, font=font(15))
    x += font(15).getlength(str(picture.image_id)) + 12
    for item in picture.items:
        draw.ellipse((x, y + 3, x + 11, y + 14), fill=chosen[item.item_no])
        text = f"style {item.style}" if item.style else "no style"
        draw.text((x + 16, y), text, _QUIET, font=font(15))
        x += 30 + font(15).getlength(text)
    return cell
