"""Lists of categories with their landmarks: names, order, slots, mirror pairs, sigmas, edges.

Declared once as data, one list for each data set; schemas/datasets.py says which is whose.
Sources: landmark counts, slots and sigmas from the authors' evaluation code (DeepFashion2 API),
mirror pairs from the official landmark figure, edges from a public pose config drawn after it;
FashionAI's names from the header of its CSV; Fashion-MNIST's from its README. DeepFashion2 names
no landmark.
"""

from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int]


@dataclass(frozen=True)
class Category:
    """One category: `landmarks` counts them; mirrors and edges are 1-based within it.

    `slots` are the 0-based places of its landmarks in the dataset's long vector: 294 points for
    DeepFashion2, 24 for FashionAI. schemas/categories.py fills in `dataset`.
    """

    category_id: int
    name: str
    coco_name: str | None = None
    landmarks: int = 0
    slots: tuple[int, ...] = ()
    landmark_names: tuple[str, ...] = ()
    mirrors: tuple[Edge, ...] = ()
    edges: tuple[Edge, ...] = ()
    sigmas: tuple[float, ...] = ()
    dataset: str = ""

    @property
    def partners(self) -> tuple[int, ...]:
        """The left-right partner of each landmark, both from 1; itself for one on the axis."""
        partner_of = {a: b for pair in self.mirrors for a, b in (pair, pair[::-1])}
        return tuple(partner_of.get(k, k) for k in range(1, self.landmarks + 1))


def _folded(total: int, first: int, last: int) -> tuple[Edge, ...]:
    """Mirror pairs k-(total-k) for k from first to last."""
    return tuple((k, total - k) for k in range(first, last + 1))


def _chains(text: str) -> tuple[Edge, ...]:
    """Edges of chains such as `1-2-7..20-39`, `..` running through the numbers between."""
    edges: list[Edge] = []
    for chain in text.split():
        numbers: list[int] = []
        for step in chain.split("-"):
            first, _, last = step.partition("..")
            a, b = int(first), int(last or first)
            numbers += range(a, b + 1) if b >= a else range(a, b - 1, -1)
        edges += pairwise(numbers)
    return tuple(edges)


_NECK = "1-2-3-4-5-6-1 "
_COLLAR = ((2, 6), (3, 5))
_STRAPPED = (*_COLLAR, (7, 15), (8, 14), (9, 13), (10, 12))

# name, name in the authors' COCO script, landmarks, mirror pairs, outline.
# Category 3: the official figure writes 4 at the left collar tip and 2 at the left placket, and the
# edges follow it; the official sigmas are symmetric only with 2-6 and 4-26, as the mirrors are.
_DEEPFASHION2 = (
    (
        "short sleeve top",
        "short_sleeved_shirt",
        25,
        (*_COLLAR, *_folded(32, 7, 15)),
        _NECK + "2-7..25-6",
    ),
    (
        "long sleeve top",
        "long_sleeved_shirt",
        33,
        (*_COLLAR, *_folded(40, 7, 19)),
        _NECK + "2-7..33-6",
    ),
    (
        "short sleeve outwear",
        "short_sleeved_outwear",
        31,
        (*_COLLAR, (4, 26), *_folded(32, 7, 15), (16, 29), (27, 30), (28, 31)),
        "1-4-7..16-31-30-2-3-4 1-6-25..17-29-28-27-26-5-6",
    ),
    (
        "long sleeve outwear",
        "long_sleeved_outwear",
        39,
        (*_COLLAR, (4, 34), *_folded(40, 7, 19), (20, 37), (35, 38), (36, 39)),
        "1-2-7..20-39-38-4-3-2 1-6-33..21-37-36-35-34-5-6",
    ),
    ("vest", "vest", 15, _STRAPPED, _NECK + "2-7..15-6"),
    ("sling", "sling", 15, _STRAPPED, _NECK + "2-8..14-6 2-7 6-15"),
    ("shorts", "shorts", 10, ((1, 3), (4, 10), (5, 9), (6, 8)), "1-4..10-3-2-1"),
    ("trousers", "trousers", 14, ((1, 3), *_folded(18, 4, 8)), "1-4..14-3-2-1"),
    ("skirt", "skirt", 8, ((1, 3), (4, 8), (5, 7)), "1-4..8-3-2-1"),
    (
        "short sleeve dress",
        "short_sleeved_dress",
        29,
        (*_COLLAR, *_folded(36, 7, 17)),
        _NECK + "2-7..29-6",
    ),
    (
        "long sleeve dress",
        "long_sleeved_dress",
        37,
        (*_COLLAR, *_folded(44, 7, 21)),
        _NECK + "2-7..37-6",
    ),
    ("vest dress", "vest_dress", 19, (*_COLLAR, *_folded(26, 7, 12)), _NECK + "2-7..19-6"),
    (
        "sling dress",
        "sling_dress",
        19,
        (*_COLLAR, *_folded(26, 7, 12)),
        _NECK + "2-8..18-6 2-7 6-19",
    ),
)

# OKS constants in slot order, from the authors' evaluation code.
_DEEPFASHION2_SIGMAS = """
.012 .0158 .0169 .0165 .0169 .0158 .0298 .0329 .0321 .0323 .034 .0388 .0452 .0574 .0492 .0352
.0492 .0574 .0452 .0388 .034 .0323 .0321 .0329 .0298
.0194 .017 .0185 .0193 .0185 .017 .0286 .0471 .0547 .0526 .043 .0392 .0513 .0566 .0509 .0564
.0542 .0604 .0599 .052 .0599 .0604 .0542 .0564 .0509 .0566 .0513 .0392 .043 .0526 .0547 .0471
.0286
.0074 .0085 .0165 .0248 .0165 .0085 .0156 .0231 .0296 .0137 .0195 .025 .0347 .038 .0257 .037
.0257 .038 .0347 .025 .0195 .0137 .0296 .0231 .0156 .0248 .0469 .0632 .037 .0469 .0632
.0137 .0153 .0243 .0377 .0243 .0153 .0203 .0366 .0467 .0433 .0393 .0329 .0418 .0477 .0399 .0331
.042 .0492 .0436 .0478 .0436 .0492 .042 .0331 .0399 .0477 .0418 .0329 .0393 .0433 .0467 .0366
.0203 .0377 .0645 .0573 .0478 .0645 .0573
.0352 .0158 .021 .0214 .021 .0158 .0196 .05 .0489 .0404 .0401 .0404 .0489 .05 .0196
.0276 .0548 .0283 .0204 .0283 .0548 .0369 .0726 .0677 .064 .0251 .064 .0677 .0726 .0369
.0308 .0216 .0308 .0506 .0494 .0463 .0477 .0463 .0494 .0506
.0275 .0202 .0275 .0651 .0451 .035 .028 .0392 .0362 .0392 .028 .035 .0451 .0651
.0253 .0195 .0253 .0513 .0543 .0415 .0543 .0513
.0153 .023 .0167 .0145 .0167 .023 .0332 .0391 .0391 .0396 .044 .0452 .0498 .0514 .0585 .0655
.0635 .0602 .0635 .0655 .0585 .0514 .0498 .0452 .044 .0396 .0391 .0391 .0332
.0121 .0134 .0158 .0162 .0158 .0134 .0246 .0406 .047 .0404 .0463 .0466 .0435 .0499 .0455 .044
.0411 .049 .0576 .0685 .0618 .0483 .0618 .0685 .0576 .049 .0411 .044 .0486 .0499 .0435 .0466
.0463 .0404 .047 .0406 .0246
.0116 .0167 .016 .018 .016 .0167 .0196 .0385 .0421 .0497 .0562 .0528 .0428 .0528 .0562 .0497
.0421 .0385 .0196
.0244 .0297 .0244 .0208 .0244 .0297 .0173 .0616 .0659 .0712 .0707 .0685 .0339 .0685 .0707 .0712
.0659 .0616 .0173
"""


def _deepfashion2() -> tuple[Category, ...]:
    sigmas = tuple(float(number) for number in _DEEPFASHION2_SIGMAS.split())
    categories: list[Category] = []
    start = 0
    for number, (name, coco_name, count, mirrors, chains) in enumerate(_DEEPFASHION2, start=1):
        slots = tuple(range(start, start + count))
        categories.append(
            Category(
                category_id=number,
                name=name,
                coco_name=coco_name,
                landmarks=count,
                slots=slots,
                mirrors=mirrors,
                edges=_chains(chains),
                sigmas=sigmas[start : start + count],
            )
        )
        start += count
    return tuple(categories)


_FASHIONAI_HEADER = """
neckline_left neckline_right center_front shoulder_left shoulder_right armpit_left armpit_right
waistline_left waistline_right cuff_left_in cuff_left_out cuff_right_in cuff_right_out
top_hem_left top_hem_right waistband_left waistband_right hemline_left hemline_right crotch
bottom_left_in bottom_left_out bottom_right_in bottom_right_out
"""

FASHIONAI_POINTS = tuple(_FASHIONAI_HEADER.split())
"""The 24 key points in the order of the CSV header; a slot is a place in this list, from 0."""

# name, 0-based slots among the 24, outline by names (ours: the source draws none).
_FASHIONAI = (
    (
        "blouse",
        (*range(7), *range(9, 15)),
        "shoulder_left neckline_left center_front neckline_right shoulder_right cuff_right_out "
        "cuff_right_in armpit_right top_hem_right top_hem_left armpit_left cuff_left_in "
        "cuff_left_out",
    ),
    (
        "outwear",
        (0, 1, *range(3, 15)),
        "shoulder_left neckline_left neckline_right shoulder_right cuff_right_out cuff_right_in "
        "armpit_right waistline_right top_hem_right top_hem_left waistline_left armpit_left "
        "cuff_left_in cuff_left_out",
    ),
    (
        "dress",
        (*range(13), 17, 18),
        "shoulder_left neckline_left center_front neckline_right shoulder_right cuff_right_out "
        "cuff_right_in armpit_right waistline_right hemline_right hemline_left waistline_left "
        "armpit_left cuff_left_in cuff_left_out",
    ),
    ("skirt", (15, 16, 17, 18), "waistband_left waistband_right hemline_right hemline_left"),
    (
        "trousers",
        (15, 16, *range(19, 24)),
        "waistband_left waistband_right bottom_right_out bottom_right_in crotch bottom_left_in "
        "bottom_left_out",
    ),
)


def _fashionai() -> tuple[Category, ...]:
    categories = []
    for number, (name, slots, outline) in enumerate(_FASHIONAI, start=1):
        points = tuple(FASHIONAI_POINTS[slot] for slot in slots)
        place = {point: k for k, point in enumerate(points, start=1)}
        ring = [place[point] for point in outline.split()]
        mirrors = tuple(
            (place[point], place[point.replace("left", "right")])
            for point in points
            if "left" in point
        )
        categories.append(
            Category(
                category_id=number,
                name=name,
                landmarks=len(points),
                slots=slots,
                landmark_names=points,
                mirrors=mirrors,
                edges=tuple(zip(ring, ring[1:] + ring[:1], strict=True)),
            )
        )
    return tuple(categories)


_FASHION_MNIST = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

DEEPFASHION2_CATEGORIES = _deepfashion2()
FASHIONAI_CATEGORIES = _fashionai()
FASHION_MNIST_CATEGORIES = tuple(
    Category(category_id=number, name=name) for number, name in enumerate(_FASHION_MNIST)
)
