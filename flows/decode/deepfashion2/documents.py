"""One DeepFashion2 document: bytes in, its items or the reasons for rejecting them out.

Properties of real files: item keys are not in numeric order (only their number counts; the order is
kept), numbers are ints or floats with two decimals, an item may have all its landmarks unlabelled,
`source` and `pair_id` belong to the image.
"""

import re
from difflib import get_close_matches
from typing import Annotated, Any, NamedTuple

import msgspec

from flows.decode.batch import Reason
from flows.decode.strict_json import (
    duplicate_key,
    excerpt,
    excerpt_at,
    not_json,
    repeated_keys,
    too_deep,
    too_many_values,
    validation_error,
)
from schemas.vocabulary import DEEPFASHION2_CODES, DEEPFASHION2_VISIBILITY, SOURCES

Int16 = Annotated[int, msgspec.Meta(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
MAX_ITEMS = 2**15 - 1
MAX_VALUES = 100_000
"""In one document; the published ones have a few thousand."""
MAX_NAME = 1_000


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
    category_name: Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


class NumberedItem(NamedTuple):
    """A valid item with its number and its place among the document's item keys, from 1."""

    item_no: int
    document_order: int
    item: Item


class ParsedDocument(NamedTuple):
    """The content of a valid document; `rejected` holds its invalid items by number."""

    source: str
    pair_id: int
    items: list[NumberedItem]
    rejected: list[tuple[int, Reason]]


_FAST = msgspec.json.Decoder(dict[str, Item | int | str])
_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEM = msgspec.json.Decoder(Item)
_TEXT = msgspec.json.Decoder(str)
_PAIR_ID = msgspec.json.Decoder(Int32)
_ITEM_KEY = re.compile(r"item([1-9][0-9]{0,4})")
_NUMBERS = {f"item{number}": number for number in range(1, 100)}
_VISIBILITY = frozenset(DEEPFASHION2_VISIBILITY)


def read_document(data: bytes) -> ParsedDocument | Reason:
    """Read one document strictly; an invalid item is rejected alone, the others are kept."""
    return too_many_values(data, MAX_VALUES) or _parse_fast(data) or _parse_with_reasons(data)


def _parse_fast(data: bytes) -> ParsedDocument | None:
    """A valid document in one pass, in a third of the time; None when anything may be wrong."""
    try:
        values = _FAST.decode(data)
        source, pair_id = values.pop("source"), values.pop("pair_id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    if data.count(b'"') != _expected_quotes(len(values)) or b"\\" in data:
        return None
    if source not in SOURCES or type(pair_id) is not int or not -(2**31) <= pair_id < 2**31:
        return None
    items: list[NumberedItem] = []
    for key, item in values.items():
        number = _NUMBERS.get(key)
        if number is None or type(item) is not Item or not _is_valid(item):
            return None
        items.append(NumberedItem(number, len(items) + 1, item))
    return ParsedDocument(str(source), pair_id, items, [])


def _expected_quotes(item_count: int) -> int:
    """The number of quotes in a document of so many items without duplicate keys.

    msgspec keeps the last of two equal keys without an error. But each key adds two quotes, and a
    valid document has a fixed number of strings: "source", its value and "pair_id", and for an item
    its key, its ten keys and the value of category_name. More quotes mean a key too many.
    """
    return 2 * (3 + 12 * item_count)


def _is_valid(item: Item) -> bool:
    return (
        all(getattr(item, field) in words for field, words in DEEPFASHION2_CODES.items())
        and len(item.landmarks) % 3 == 0
        and _VISIBILITY.issuperset(item.landmarks[2::3])
    )


def _parse_with_reasons(data: bytes) -> ParsedDocument | Reason:
    """The same with a reason for everything that is rejected."""
    if reason := too_deep(data) or not_json(data):
        return reason
    try:
        raw = {key: bytes(value) for key, value in _RAW.decode(data).items()}
    except msgspec.ValidationError as error:
        return validation_error(error, data, "$")
    repeated, repeated_inside = repeated_keys(data)
    reason = _invalid_keys(data, raw) if repeated is None else duplicate_key(data, "$")
    if reason is not None:
        return reason
    values: dict[str, Any] = {}
    for key, decoder in (("source", _TEXT), ("pair_id", _PAIR_ID)):
        text = raw.pop(key)
        try:
            values[key] = decoder.decode(text)
        except msgspec.ValidationError as error:
            return validation_error(error, text, f"$.{key}")
    source, pair_id = values["source"], values["pair_id"]
    if source not in SOURCES:
        message = f"`$.source`: is not {' or '.join(SOURCES)}"
        return Reason("unknown_code", message, excerpt_at(data, ".source"))
    items, rejected = [], []
    for document_order, (key, text) in enumerate(raw.items(), start=1):
        number, where = int(key.removeprefix("item")), f"$.{key}"
        duplicate = duplicate_key(text, where) if repeated_inside is not None else None
        item = duplicate or _read_item(text, where)
        if isinstance(item, Reason):
            rejected.append((number, item))
        else:
            items.append(NumberedItem(number, document_order, item))
    return ParsedDocument(source, pair_id, items, rejected)


def _invalid_keys(data: bytes, raw: dict[str, bytes]) -> Reason | None:
    """The reason for an invalid or missing key of the document itself; None when all are valid."""
    for key, value in raw.items():
        if key in ("source", "pair_id"):
            continue
        path = f"`$.{excerpt(key.encode())}`"
        if not key.startswith("item"):
            return Reason("unknown_key", f"{path}: is not documented", excerpt(value))
        matched = _ITEM_KEY.fullmatch(key)
        if matched is None or int(matched[1]) > MAX_ITEMS:
            message = f"{path}: is not an item from 1 to {MAX_ITEMS}"
            return Reason("item_number", message, excerpt(value))
    for key in ("source", "pair_id"):
        if key not in raw:
            return Reason("missing_key", f"`$`: lacks `{key}`", excerpt(data))
    return None


def _read_item(raw: bytes, where: str) -> Item | Reason:
    """One item, or the first rule that it breaks."""
    try:
        item = _ITEM.decode(raw)
    except msgspec.ValidationError as error:
        return _with_documented_key(validation_error(error, raw, where))
    for field, words in DEEPFASHION2_CODES.items():
        if getattr(item, field) not in words:
            codes = ", ".join(map(str, words))
            message = f"`{where}.{field}`: is none of the codes {codes}"
            return Reason("unknown_code", message, excerpt_at(raw, f".{field}"))
    if len(item.landmarks) % 3:
        message = f"`{where}.landmarks`: {len(item.landmarks)} numbers are not x, y, v triples"
        return Reason("landmark_count", message, excerpt_at(raw, ".landmarks"))
    for index in range(2, len(item.landmarks), 3):
        if item.landmarks[index] not in _VISIBILITY:
            message = f"`{where}.landmarks[{index}]`: is none of the codes 0, 1, 2"
            return Reason("unknown_code", message, excerpt_at(raw, f".landmarks[{index}]"))
    return item


def _with_documented_key(reason: Reason) -> Reason:
    """The reason for an unknown key, with the documented key of nearly the same spelling.

    An older README of the data set spells `zoom_in` as `zoom-in`.
    """
    key = reason.message.rpartition("field `")[2].rstrip("`")
    near = get_close_matches(key, Item.__struct_fields__, n=1, cutoff=0.8)
    if reason.rule != "unknown_key" or not near:
        return reason
    return reason._replace(message=f"{reason.message}; the documented key is `{near[0]}`")
