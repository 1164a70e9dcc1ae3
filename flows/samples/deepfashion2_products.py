"""Products of a synthetic DeepFashion2 split: outfits, their styles, and how often they are seen.

A product is one pair_id: an outfit whose main garment comes in styles, photographed by consumers
and shops.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from flows.samples.garments import FITS

Colour = tuple[int, int, int]
Choice = TypeVar("Choice")

# Items per category in the released training split, the weights of what is worn; category 3 thrice
# as often as its 543, or small samples never show it.
_TOPS = ((1, 71645), (2, 36064), (5, 16095), (6, 1985))
_BOTTOMS = ((7, 36616), (8, 55387), (9, 30835))
_DRESSES = ((10, 17211), (11, 7907), (12, 17949), (13, 6492))
_OUTWEAR = ((3, 1629), (4, 13457))
ROLES = {"top": _TOPS, "bottom": _BOTTOMS, "dress": _DRESSES, "outwear": _OUTWEAR}
_OUTFITS = (
    (("top", "bottom"), 0.485),
    (("dress",), 0.25),
    (("bottom",), 0.1),
    (("top",), 0.09),
    (("top", "bottom", "outwear"), 0.058),
    (("dress", "outwear"), 0.017),
)
_COLOURS = ((240, 240, 236), (38, 38, 44), (62, 88, 128), (150, 150, 152), (214, 200, 178))
PATTERNS = ("plain", "plain", "plain", "plain", "stripes", "stripes", "checks", "checks")


@dataclass(frozen=True)
class Style:
    """The looks of a garment and its `style` number in the source, 0 when it has no counterpart."""

    number: int
    colour: Colour
    pattern: str


@dataclass(frozen=True)
class Product:
    """The outfit of one pair_id: roles, the role, category and fit of its main garment, its styles.

    Each style comes with the sources (user, shop) that photographed it. `companion` is the style
    and category of another garment that is sold with it.
    """

    pair_id: int
    outfit: tuple[str, ...]
    role: str
    category_id: int
    fit: int
    styles: tuple[tuple[Style, tuple[str, ...]], ...]
    companion: tuple[Style, int] | None = None


def weighted(rng: Random, choices: Sequence[tuple[Choice, float]]) -> Choice:
    """One of the choices, each as likely as its weight."""
    values, weights = zip(*choices, strict=True)
    choice: Choice = rng.choices(values, weights)[0]
    return choice


def random_style(rng: Random, number: int) -> Style:
    """A style with a fabric's colour: mostly muted hues, often white, black, denim or grey."""
    if rng.random() < 0.35:
        return Style(number, rng.choice(_COLOURS), rng.choice(PATTERNS))
    hue, strength, value = rng.random() * 6, rng.uniform(0.35, 0.8), rng.uniform(0.5, 0.95)
    channels = (abs(hue - 3) - 1, 2 - abs(hue - 2), 2 - abs(hue - 4))
    red, green, blue = (
        int(255 * value * (1 - strength + strength * min(max(c, 0.0), 1.0))) for c in channels
    )
    return Style(number, (red, green, blue), rng.choice(PATTERNS))


def products(rng: Random, images: int) -> Iterator[tuple[Product, int, int]]:
    """Products with the numbers of their consumer and shop pictures, `images` in all.

    About 12 pictures to a product as in the source, fewer where the split is small.
    """
    pair_id = 0
    while images > 0:
        pair_id += 1
        size = min(images, rng.randint(3, 22) if images > 200 else rng.randint(3, 9))
        users = min(max(1, round(size * rng.uniform(0.15, 0.5))), size)
        outfit = weighted(rng, _OUTFITS)
        main = rng.choice(outfit)
        styles, number = [], 0
        for _ in range(min(rng.choice((1, 1, 2, 2, 3, 4)), 1 + size // 5)):
            number += 2 if rng.random() < 0.06 else 1  # the source's numbers have gaps
            both = rng.random() < 0.9
            sources = ("user", "shop") if both else (rng.choice(("user", "shop")),)
            styles.append((random_style(rng, number), sources))
        category_id = weighted(rng, ROLES[main])
        fit = rng.randrange(FITS)
        other = next((role for role in outfit if role != main), main)
        companion = random_style(rng, number + 1), weighted(rng, ROLES[other])
        yield (
            Product(pair_id, outfit, main, category_id, fit, tuple(styles), companion),
            users,
            size - users,
        )
        images -= size
