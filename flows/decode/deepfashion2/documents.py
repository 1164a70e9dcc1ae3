"""One DeepFashion2 document: bytes in, its items or the reasons for refusing them out.

Quirks of the source, known from real files: item keys are not in numeric order (only their number
counts; the order is kept), numbers are ints or floats with two decimals, an item may have all its
landmarks unlabelled, `source` and `pair_id` belong to the image.
"""

import re
from difflib import get_close_matches
from typing import Annotated, NamedTuple

import msgspec

from flows.decode.strict_json import (
    Refusal,
    broken_promise,
    cut,
    excerpt_at,
    nested_deeply,
    not_json,
    repeated_key,
    stands_twice,
    too_many_values,
)
from schemas.vocabulary import (
    DEEPFASHION2_OCCLUSION,
    DEEPFASHION2_SCALE,
    DEEPFASHION2_VIEWPOINT,
    DEEPFASHION2_VISIBILITY,
    DEEPFASHION2_ZOOM_IN,
    SOURCES,
)

Int16 = Annotated[int, msgspec.Meta(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
MOST_ITEMS = 2**15 - 1
MOST_VALUES = 100_000
"""In one document; the published ones have a few thousand."""
LONGEST_NAME = 1_000


class Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An item as the source writes it: numbers are codes, boxes are x1, y1, x2, y2."""

    segmentation: Annotated[list[list[float]], msgspec.Meta(max_length=2**15 - 1)]
    scale: int
    viewpoint: int
    zoom_in: int
    landmarks: list[float]
    style: Int32
    bounding_box: tuple[float, float, float, float]
    category_id: Int16
    occlusion: int
    category_name: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class Numbered(NamedTuple):
    """A sound item with its number and its place among the document's item keys, from 1."""

    item_no: int
    place: int
    item: Item


class Read(NamedTuple):
    """What a sound document says; `refused` are its broken items by number."""

    source: str
    pair_id: int
    items: list[Numbered]
    refused: list[tuple[int, Refusal]]


_FAST = msgspec.json.Decoder(dict[str, Item | int | str])
_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEM = msgspec.json.Decoder(Item)
_TEXT = msgspec.json.Decoder(str)
_PAIR_ID = msgspec.json.Decoder(Int32)
_ITEM_KEY = re.compile(r"item([1-9][0-9]{0,4})")
_NUMBERS = {f"item{number}": number for number in range(1, 100)}
_CODES = {
    "scale": DEEPFASHION2_SCALE,
    "occlusion": DEEPFASHION2_OCCLUSION,
    "zoom_in": DEEPFASHION2_ZOOM_IN,
    "viewpoint": DEEPFASHION2_VIEWPOINT,
}
_VISIBILITY = frozenset(DEEPFASHION2_VISIBILITY)
_QUOTES = 6  # of "source", its value and "pair_id"
_QUOTES_OF_ITEM = 24  # of its key, its ten keys and its category_name


def read_document(data: bytes) -> Read | Refusal:
    """Read one document, strictly; a broken item is refused by itself, the rest of it stays."""
    return too_many_values(data, MOST_VALUES) or _read_sound(data) or _read_slowly(data)


def _read_sound(data: bytes) -> Read | None:
    """The document in one pass when nothing at all is wrong with it; None when something may be."""
    try:
        values = _FAST.decode(data)
        source, pair_id = values.pop("source"), values.pop("pair_id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    # A key that stands twice would be lost unseen, but it brings quotes of its own.
    if data.count(b'"') != _QUOTES + _QUOTES_OF_ITEM * len(values) or b"\\" in data:
        return None
    if source not in SOURCES or type(pair_id) is not int or not -(2**31) <= pair_id < 2**31:
        return None
    items: list[Numbered] = []
    for key, item in values.items():
        number = _NUMBERS.get(key)
        if number is None or type(item) is not Item or not _sound(item):
            return None
        items.append(Numbered(number, len(items) + 1, item))
    return Read(str(source), pair_id, items, [])


def _sound(item: Item) -> bool:
    return (
        item.scale in DEEPFASHION2_SCALE
        and item.occlusion in DEEPFASHION2_OCCLUSION
        and item.zoom_in in DEEPFASHION2_ZOOM_IN
        and item.viewpoint in DEEPFASHION2_VIEWPOINT
        and len(item.landmarks) % 3 == 0
        and _VISIBILITY.issuperset(item.landmarks[2::3])
    )


def _read_slowly(data: bytes) -> Read | Refusal:
    """The same with a reason for everything that is refused."""
    if refusal := nested_deeply(data) or not_json(data):
        return refusal
    try:
        raw = {key: bytes(value) for key, value in _RAW.decode(data).items()}
    except msgspec.ValidationError as error:
        return broken_promise(error, data, "$")
    twice = repeated_key(data)
    if twice and len(twice) == 1:
        return stands_twice(twice, data)
    if refusal := _broken_keys(data, raw):
        return refusal
    for key, decoder in (("source", _TEXT), ("pair_id", _PAIR_ID)):
        try:
            decoder.decode(raw[key])
        except msgspec.ValidationError as error:
            return broken_promise(error, raw[key], f"$.{key}")
    source, pair_id = _TEXT.decode(raw["source"]), _PAIR_ID.decode(raw["pair_id"])
    if source not in SOURCES:
        words = " or ".join(SOURCES)
        return Refusal("unknown_code", f"`$.source`: is not {words}", cut(raw["source"]))
    items, refused = [], []
    keys = [key for key in raw if key not in ("source", "pair_id")]
    for place, key in enumerate(keys, start=1):
        number, where = int(key.removeprefix("item")), f"$.{key}"
        inside = repeated_key(raw[key]) if twice else None
        item = stands_twice(inside, raw[key], where) if inside else _read_item(raw[key], where)
        if isinstance(item, Refusal):
            refused.append((number, item))
        else:
            items.append(Numbered(number, place, item))
    return Read(source, pair_id, items, refused)


def _broken_keys(data: bytes, raw: dict[str, bytes]) -> Refusal | None:
    """What is wrong with the keys of the document itself; None when nothing is."""
    for key, value in raw.items():
        if key in ("source", "pair_id"):
            continue
        if not key.startswith("item"):
            return Refusal("unknown_key", f"`$.{cut(key.encode())}`: is not documented", cut(value))
        matched = _ITEM_KEY.fullmatch(key)
        if matched is None or int(matched[1]) > MOST_ITEMS:
            message = f"`$.{cut(key.encode())}`: is no item from 1 to {MOST_ITEMS}"
            return Refusal("item_number", message, cut(value))
    for key in ("source", "pair_id"):
        if key not in raw:
            return Refusal("missing_key", f"`$`: lacks `{key}`", cut(data))
    return None


def _read_item(raw: bytes, where: str) -> Item | Refusal:
    """One item, or the first thing that is wrong with it."""
    try:
        item = _ITEM.decode(raw)
    except msgspec.ValidationError as error:
        return _name_documented_key(broken_promise(error, raw, where))
    for field, words in _CODES.items():
        if getattr(item, field) not in words:
            codes = ", ".join(map(str, words))
            message = f"`{where}.{field}`: is none of the codes {codes}"
            return Refusal("unknown_code", message, excerpt_at(raw, f".{field}"))
    if len(item.landmarks) % 3:
        message = f"`{where}.landmarks`: {len(item.landmarks)} numbers are no x, y, v triples"
        return Refusal("landmark_count", message, excerpt_at(raw, ".landmarks"))
    for place in range(2, len(item.landmarks), 3):
        if item.landmarks[place] not in _VISIBILITY:
            message = f"`{where}.landmarks[{place}]`: is none of the codes 0, 1, 2"
            return Refusal("unknown_code", message, excerpt_at(raw, f".landmarks[{place}]"))
    return item


def _name_documented_key(refusal: Refusal) -> Refusal:
    """The refusal of an unknown key with the documented key of nearly the same spelling.

    An older README of the data set spells `zoom_in` as `zoom-in`.
    """
    key = refusal.message.rpartition("field `")[2].rstrip("`")
    near = get_close_matches(key, Item.__struct_fields__, n=1, cutoff=0.8)
    if refusal.rule != "unknown_key" or not near:
        return refusal
    return refusal._replace(message=f"{refusal.message}; the documented key is `{near[0]}`")
