"""Challenge files: a file of results in, the problems of all of its records out.

Unlike the readers of predictions, which refuse a file at its first problem, this continues. The
problems of one kind are counted, so that memory is bounded.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

import msgspec
from msgspec import Meta

from flows.predictions import json_blocks
from flows.predictions.coco_json import COMPRESSED
from flows.predictions.coco_records import path_and_problem
from schemas.categories import CATEGORIES
from schemas.challenge import GALLERY_ENTRIES

_CATEGORIES = CATEGORIES["deepfashion2"]
_NUMBERS = 3 * sum(category.landmarks for category in _CATEGORIES)

CategoryId = Annotated[int, Meta(ge=1, le=len(_CATEGORIES))]
Corners = Annotated[list[float], Meta(min_length=4, max_length=4)]
Entries = Meta(min_length=GALLERY_ENTRIES, max_length=GALLERY_ENTRIES)
Numbers = Meta(min_length=_NUMBERS, max_length=_NUMBERS)


class LandmarkResult(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A detected item: x, y, v of the landmarks of all categories."""

    image_id: int
    category_id: CategoryId
    keypoints: Annotated[list[float], Numbers]
    score: float


class RetrievalResult(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A detected item of a consumer, and the items of shops retrieved for it. Boxes are corners."""

    query_image_id: int
    query_bbox: Corners
    query_cls: CategoryId
    query_score: float
    gallery_image_id: Annotated[list[int], Entries]
    gallery_bbox: Annotated[list[Corners], Entries]


_RESULTS: dict[str, type[msgspec.Struct]] = {
    "landmarks": LandmarkResult,
    "retrieval": RetrievalResult,
}

Images = Mapping[str, tuple[str, Collection[int]]]
"""What the images of a field are, in words, and their numbers, by field."""

_EXCERPT = 60
_PLACE = re.compile(r"\[\d+\]")
_LENGTH = re.compile(r"of length [<>]= (\d+)")


@dataclass
class Problem:
    """A kind of problem: how many values have it, the record of the first, from 1, and that value.

    `row` is None for a problem of the file itself.
    """

    field: str
    problem: str
    count: int
    row: int | None
    value: str


class Problems:
    """The problems of a file by kind, in the order of their first occurrence."""

    def __init__(self) -> None:
        self.kinds: dict[tuple[str, str], Problem] = {}

    def add(self, name: str, problem: str, row: int | None = None, value: bytes = b"") -> None:
        """Count a problem of the field of this name, or without a name of a record or the file."""
        # Of a value inside a list, the place is shown for the first record only.
        key = (_PLACE.sub("", name), problem)
        if key in self.kinds:
            self.kinds[key].count += 1
        else:
            text = value[: 4 * _EXCERPT].decode(errors="replace")
            excerpt = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}..."
            self.kinds[key] = Problem(name, problem, 1, row, excerpt)


def add_problems(problems: Problems, file: BinaryIO, task: str, images: Images) -> int:
    """Add the problems of a file of results; returns the number of its records.

    `images` are those that the fields may name.
    """
    kind = _RESULTS[task]
    decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
    row = 0
    for text, ends in json_blocks.record_blocks(file):
        if not ends or not (row or text.startswith(b"[")):
            _add_end(problems, text, row)
            break
        if (results := _decoded(text, row, decoder)) is None:
            row = _add_of_records(problems, text, ends, row, kind, images)
            continue
        for result in results:
            row += 1
            _add_of_values(problems, msgspec.structs.asdict(result), row, images)
    return row


def _decoded(
    text: bytes, row: int, decoder: msgspec.json.Decoder[list[Any]]
) -> list[msgspec.Struct] | None:
    """The records of a block after record `row`, or None if one of them is invalid."""
    if not text.startswith(_delimiter(row)):
        return None
    try:
        results = decoder.decode(b"[" + text[1:] + b"]")
    except (ValueError, RecursionError):
        return None
    # msgspec keeps the last of two equal keys. Only keys are strings, with two quotes each.
    quotes = sum(2 * len(result.__struct_fields__) for result in results)
    return results if text.count(b'"') == quotes else None


def _delimiter(row: int) -> bytes:
    """What comes after that many records, if another follows."""
    return b"," if row else b"["


def _add_end(problems: Problems, text: bytes, row: int) -> None:
    """The problems of the text after the last record."""
    if len(text) > json_blocks.MAX_RECORD:
        problems.add("", f"has more than {json_blocks.MAX_RECORD:,} bytes", row + 1, text)
    elif row:
        if text != b"]":
            problems.add("", "the list does not end after this record", row, text)
    elif text.startswith(b"[") and text[1:].strip(json_blocks.WHITESPACE) == b"]":
        problems.add("", "the list has no results")
    elif not text:
        problems.add("", "the file is empty")
    elif text.startswith(COMPRESSED):
        problems.add("", "the file is compressed: give the JSON file")
    else:
        problems.add("", "the file is not a list of results", None, text)


def _add_of_records(
    problems: Problems,
    text: bytes,
    ends: list[int],
    row: int,
    kind: type[msgspec.Struct],
    images: Images,
) -> int:
    """Add the problems of a block after record `row`; returns the number of its last record."""
    start = 0
    for end in ends:
        before, brace, rest = text[start:end].partition(b"{")
        if before.strip(json_blocks.WHITESPACE) != _delimiter(row):
            expected = f"a record after `{_delimiter(row).decode()}` was expected"
            problems.add("", expected, row + 1, before + brace)
        start, row = end, row + 1
        values = _valid_values(problems, brace + rest, row, kind)
        _add_of_values(problems, values, row, images)
    return row


def _valid_values(
    problems: Problems, text: bytes, row: int, kind: type[msgspec.Struct]
) -> dict[str, Any]:
    """The valid values of a record by field; the problems of the other fields are added."""
    text = json_blocks.words_as_numbers(text)
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        repeated = len(json.loads(text, object_pairs_hook=list, parse_int=str)) > len(fields)
    except (ValueError, RecursionError) as error:
        problems.add("", f"is not valid JSON: {error}", row, text)
        return {}
    if repeated:
        problems.add("", "has a field twice", row, text)
    valid = {}
    for name, type_ in ((field.name, field.type) for field in msgspec.structs.fields(kind)):
        if name not in fields:
            problems.add(name, "is missing", row, text)
            continue
        raw = bytes(fields.pop(name))
        try:
            valid[name] = msgspec.json.decode(raw, type=type_)
        except msgspec.ValidationError as error:
            _add_of_error(problems, error, name, row, raw)
    for name in fields:
        problems.add("", "has a field that is not in the format", row, name.encode())
    return valid


def _add_of_error(
    problems: Problems, error: msgspec.ValidationError, name: str, row: int, raw: bytes
) -> None:
    """Add the problem that msgspec has with a field, and the value inside it that has it."""
    path, problem = path_and_problem(error)
    for place in _PLACE.findall(path):
        raw = bytes(msgspec.json.decode(raw, type=list[msgspec.Raw])[int(place[1:-1])])
    if length := _LENGTH.search(problem):
        problem = f"does not have {length[1]} entries"
        raw = b"%d entries" % len(msgspec.json.decode(raw, type=list[msgspec.Raw]))
    problems.add(name + path, problem, row, raw)


def _add_of_values(problems: Problems, values: Mapping[str, Any], row: int, images: Images) -> None:
    """Add the problems of values of the right types: unknown images, boxes without an area."""
    for name, (description, numbers) in images.items():
        value = values.get(name, [])
        for number in value if isinstance(value, list) else [value]:
            if number not in numbers:
                problems.add(name, f"is not {description}", row, str(number).encode())
    boxes = [(name, values[name]) for name in ("query_bbox",) if name in values]
    boxes += [("gallery_bbox", box) for box in values.get("gallery_bbox", ())]
    for name, (x1, y1, x2, y2) in boxes:
        if not (x1 < x2 and y1 < y2):
            problems.add(name, "is not x1, y1, x2, y2", row, b"[%g,%g,%g,%g]" % (x1, y1, x2, y2))
