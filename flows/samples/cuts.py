"""Cuts of garments: the positions of the left landmarks of every DeepFashion2 category.

In: the left side of a figure, a fit. Out: positions by landmark number (schemas.categories), in the
body units of flows/samples/figure.py, with those on the axis. flows/samples/garments.py mirrors
the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flows.samples.figure import ANKLE, ARMPIT, CROTCH, HIP, KNEE, WAIST, Point, Side, half_width


@dataclass(frozen=True)
class Fit:
    """How a garment is cut: numbers between 0 (close, short, shallow) and 1."""

    ease: float
    length: float
    neck: float
    sleeve: float
    flare: float

    def between(self, low: float, high: float, *, by: str) -> float:
        """The number from `low` to `high` that the field `by` gives."""
        value: float = getattr(self, by)
        return low + value * (high - low)


Half = dict[int, Point]


def _neck(fit: Fit) -> Half:
    depth = fit.between(0.22, 0.8, by="neck")
    width = fit.between(0.24, 0.34, by="neck")
    return {
        1: (0.0, -0.06),
        2: (-width, 0.0),
        3: (-width * 0.66, depth * 0.68),
        4: (0.0, depth),
    }


def _sleeve(side: Side, fit: Fit, *, first: int, long: bool) -> Half:
    """From the shoulder tip, number `first`, around the cuff to the armpit."""
    upper = fit.between(0.22, 0.34, by="ease")
    wrist = fit.between(0.15, 0.30, by="sleeve")
    tip, armpit = (-0.84, 0.17), (-half_width(ARMPIT) - fit.ease * 0.05, ARMPIT + 0.1 * fit.ease)
    if long:
        end = fit.between(1.8, 2.04, by="length")
        wide = {0.45: upper, 0.6: upper, 1.0: (upper + wrist) / 2 + 0.02, 1.5: wrist + 0.03}
        outer = [side.along_arm(t, wide[t]) for t in (0.45, 1.0, 1.5)]
        inner = [side.along_arm(t, -wide[t]) for t in (1.5, 1.0, 0.6)]
        cuff = [side.along_arm(end, wrist), side.along_arm(end, -wrist)]
    else:
        end = fit.between(0.42, 0.8, by="sleeve")
        cuff = [side.along_arm(end, upper + 0.04), side.along_arm(end, -upper - 0.02)]
        outer = [side.along_arm(end * 0.5, upper + 0.02)]
        inner = [((cuff[1][0] + armpit[0]) / 2 - 0.01, (cuff[1][1] + armpit[1]) / 2 + 0.02)]
    chain = [tip, *outer, *cuff, *inner, armpit]
    return dict(enumerate(chain, start=first))


def _sides(fit: Fit, *, first: int, count: int, hem: float, flare: float) -> Half:
    """`count` points down the side seam below the armpit, the hem's corner the last of them."""
    ease = fit.between(0.04, 0.22, by="ease")
    points = []
    for step in range(1, count + 1):
        y = ARMPIT + (hem - ARMPIT) * step / count
        skirt = max(0.0, (y - WAIST) / 3) * flare
        points.append((-half_width(y) - ease - skirt, y - (0.04 if step == count else 0.0)))
    return dict(enumerate(points, start=first))


def _sleeved(side: Side, fit: Fit, *, long: bool, dress: bool) -> Half:
    hem = fit.between(4.2, 6.0, by="length") if dress else fit.between(2.3, 3.25, by="length")
    count, flare, dip = (5, 0.2 + fit.flare * 0.6, 0.06) if dress else (3, 0.1, 0.04)
    half = _neck(fit) | _sleeve(side, fit, first=7, long=long)
    half |= _sides(fit, first=len(half) + 3, count=count, hem=hem, flare=flare)
    return half | {len(half) + 3: (0.0, hem + dip)}


def _sleeveless(side: Side, fit: Fit, *, straps: bool, dress: bool) -> Half:
    hem = fit.between(4.0, 5.9, by="length") if dress else fit.between(2.2, 3.1, by="length")
    half = _neck(fit)
    half |= {7: (-fit.between(0.52, 0.68, by="sleeve"), 0.1), 8: (-0.66, ARMPIT + 0.04)}
    if straps:
        top = fit.between(0.55, 0.85, by="neck")
        half |= {1: (0.0, top - 0.06), 2: (-0.42, top), 3: (-0.2, top + 0.06), 4: (0.0, top + 0.12)}
        half |= {7: (-0.4, 0.04), 8: (-0.64, ARMPIT + 0.04)}
    count = 4 if dress else 2
    flare = 0.15 + fit.flare * 0.7 if dress else 0.1
    half |= _sides(fit, first=9, count=count, hem=hem, flare=flare)
    return half | {9 + count: (0.0, hem + 0.05)}


def _outwear(side: Side, fit: Fit, *, long: bool) -> Half:
    """An open front: `placket` runs down from the collar, at some distance from the middle."""
    loose = Fit(0.6 + fit.ease * 0.6, fit.length, fit.neck, 0.4 + fit.sleeve * 0.6, fit.flare)
    hem = fit.between(2.5, 4.6, by="length")
    gap = fit.between(0.1, 0.36, by="flare")
    half = {1: (0.0, -0.14), 2: (-0.3, -0.05), 3: (-0.34, 0.3), 4: (-gap * 0.7 - 0.04, 0.75)}
    half |= _sleeve(side, loose, first=7, long=long)
    last = 16 if long else 12
    half |= _sides(loose, first=last + 1, count=3, hem=hem, flare=0.25)
    corner = last + 4
    lower, upper = (39, 38) if long else (31, 30)
    bottom = (-gap, hem + 0.04)
    half[corner] = bottom
    half[lower] = (-gap, 0.75 + (hem - 0.75) * 0.66)
    half[upper] = (-gap * 0.9, 0.75 + (hem - 0.75) * 0.33)
    return half


def _shorts(side: Side, fit: Fit) -> Half:
    hem, wide = fit.between(3.75, 4.6, by="length"), fit.between(0.34, 0.46, by="ease")
    return _waist(fit) | {
        4: (-half_width(2.85) - 0.06, 2.85),
        5: side.along_leg(hem, wide),
        6: side.along_leg(hem + 0.04, 0.04 - wide),
        7: (0.0, CROTCH),
    }


def _trousers(side: Side, fit: Fit) -> Half:
    hem, wide = fit.between(5.5, ANKLE + 0.2, by="length"), fit.between(0.16, 0.38, by="flare")
    knee = fit.between(0.24, 0.34, by="ease")
    return _waist(fit) | {
        4: (-half_width(HIP) - 0.05 - 0.06 * fit.ease, HIP),
        5: side.along_leg(KNEE, knee),
        6: side.along_leg(hem, wide),
        7: side.along_leg(hem + 0.04, -wide),
        8: side.along_leg(KNEE, -knee),
        9: (0.0, CROTCH + 0.05),
    }


def _waist(fit: Fit) -> Half:
    rise = fit.between(1.85, 2.25, by="neck")
    return {1: (-half_width(rise) - 0.04, rise), 2: (0.0, rise + 0.03)}


def _skirt(side: Side, fit: Fit) -> Half:
    hem = fit.between(3.5, 5.7, by="length")
    wide = fit.between(0.68, 1.35, by="flare")
    middle = (WAIST + hem) / 2
    bulge = max((0.5 + wide) / 2, half_width(middle) + 0.03)
    return _waist(fit) | {4: (-bulge, middle), 5: (-wide, hem), 6: (0.0, hem + 0.07)}


HALVES: dict[int, Callable[[Side, Fit], Half]] = {
    1: lambda side, fit: _sleeved(side, fit, long=False, dress=False),
    2: lambda side, fit: _sleeved(side, fit, long=True, dress=False),
    3: lambda side, fit: _outwear(side, fit, long=False),
    4: lambda side, fit: _outwear(side, fit, long=True),
    5: lambda side, fit: _sleeveless(side, fit, straps=False, dress=False),
    6: lambda side, fit: _sleeveless(side, fit, straps=True, dress=False),
    7: _shorts,
    8: _trousers,
    9: _skirt,
    10: lambda side, fit: _sleeved(side, fit, long=False, dress=True),
    11: lambda side, fit: _sleeved(side, fit, long=True, dress=True),
    12: lambda side, fit: _sleeveless(side, fit, straps=False, dress=True),
    13: lambda side, fit: _sleeveless(side, fit, straps=True, dress=True),
}
