"""DeepFashion2's side files: the authors' retrieval lists and their records of picture sizes.

In come files beside the annotations; out go rows of `listed_queries` and `listed_gallery`, and
width, height and file name of images that have no local picture. An image known only from a side
file is no row of `images`: nothing of it is there.
"""

import io
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.strict_json import (
    Refusal,
    broken_promise,
    cut,
    nested_deeply,
    not_json,
    repeated_key,
    stands_twice,
    too_many_values,
)
from schemas.listed import LISTED_GALLERY, LISTED_QUERIES
from schemas.source import ARRANGED

SIDE_FILE = (
    r"^(?:[^/]+/){0,2}(?:list_(?:query|gallery)\.txt|(?:query|gallery)_gt\.json"
    r"|(?:train|val|validation|test)_(?:query|gallery)\.json"
    r"|(?:keypoints|retrieval)_(?:train|val|validation|test)(?:_(?:consumer|shop))?"
    r"_information\.json)$"
)
"""Names of side files, at most two folders below the source's root."""

MOST_RECORDS = 400_000
"""Of one list; DeepFashion2 has 491,000 images and its largest list 192,000 records."""
MOST_VALUES = 3_000_000
"""Of one list: nine for each of its records, and room."""

_SPLIT = re.compile(r"(?:^|_)(train|validation|val|test)_")
# One step of a path: pictures are looked up by it, and exports write it.
_PLAIN_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]{1,255}")
_LINE = re.compile(r"([0-9]{1,12})\.(?:json|jpg)")

_Id = Annotated[int, msgspec.Meta(ge=0, lt=10**12)]
_Int16 = Annotated[int, msgspec.Meta(ge=-(2**15), lt=2**15)]
_Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
_Size = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
_Coordinate = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
_Box = tuple[_Coordinate, _Coordinate, _Coordinate, _Coordinate]


class _Query(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    query_image_id: _Id
    style: _Int32
    pair_id: _Int32
    bbox: _Box
    cls: _Int16 | None = None  # the first public query_gt had none

    @property
    def image_id(self) -> int:
        return self.query_image_id


class _GalleryEntry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    gallery_image_id: _Id
    style: _Int32
    pair_id: _Int32
    bbox: _Box

    @property
    def image_id(self) -> int:
        return self.gallery_image_id


class _Information(msgspec.Struct, gc=False):
    images: msgspec.Raw


class PictureRecord(msgspec.Struct, gc=False):
    """A COCO image record; the other keys are constants of the authors' script."""

    id: _Id
    file_name: str
    width: _Size
    height: _Size

    @property
    def image_id(self) -> int:
        return self.id


def split_of(name: str) -> str:
    """The split a side file speaks of; the unmarked names of January 2019 are validation."""
    marked = _SPLIT.search(name.rpartition("/")[2])
    word = marked[1] if marked else "validation"
    return "validation" if word == "val" else word


def side_rows(side: pa.Table, rows: pa.Table, split: str | None) -> pa.Table:
    """Side files (MEMBERS) as ARRANGED: lists in part 0, picture records in every part as well.

    Every one stands in part 0 of its split, which alone reports what is wrong with it.
    """
    parts = rows.group_by(["split", "part"]).aggregate([]) if len(side) else rows
    arranged = []
    for member in side.to_pylist():
        own = split_of(member["name"])
        if split is not None and own != split:
            continue
        numbers = {0}
        if member["name"].endswith("_information.json"):
            numbers.update(parts.filter(pc.equal(parts["split"], own))["part"].to_pylist())
        arranged += [
            {"split": own, "part": number, "role": "side", **member} for number in sorted(numbers)
        ]
    return pa.Table.from_pylist(arranged, schema=ARRANGED)


Outcome = tuple[int, Any]
"""A record's place in its file, from 1, and what it says or why it is refused; 0 for the file."""


def read_pictures(data: bytes, only: range | None = None) -> Iterator[Outcome]:
    """The picture records of an `..._information.json`: PictureRecord or Refusal.

    `only` leaves out what speaks of images outside that range, or is too broken to say.
    """
    broken = too_many_values(data, MOST_VALUES) or not_json(data)
    if broken:
        yield 0, broken
        return
    try:
        images = msgspec.json.decode(data, type=_Information).images
    except msgspec.ValidationError as error:
        yield 0, broken_promise(error, data, "$")
        return
    # The file is read for every part of its split, so only what may well repeat is searched.
    if data.count(b'"images"') > 1 and not nested_deeply(data):
        twice = repeated_key(data)
        if twice == ("images",):
            yield 0, stands_twice(twice, data)
            return
    yield from _records(bytes(images), PictureRecord, "$.images", only)


def read_list(name: str, data: bytes) -> tuple[str, list[dict[str, Any]], list[Refusal]]:
    """A retrieval list as its table's name, its rows (without dataset and split), and refusals."""
    is_query = "query" in name.rpartition("/")[2]
    table = LISTED_QUERIES if is_query else LISTED_GALLERY
    if name.endswith(".txt"):
        outcomes = _lines(data)
    elif refusal := too_many_values(data, MOST_VALUES) or not_json(data):
        outcomes = iter([(0, refusal)])
    else:
        outcomes = _records(data, _Query if is_query else _GalleryEntry, "$")
    rows, refused = [], []
    for place, outcome in outcomes:
        if isinstance(outcome, Refusal):
            refused.append(outcome)
            continue
        row = {"list_file": name, "list_no": place, "image_id": outcome}
        if not isinstance(outcome, int):
            x1, y1, x2, y2 = outcome.bbox
            if x2 < x1 or y2 < y1:
                message = f"`$[{place - 1}].bbox`: ends before it begins"
                refused.append(Refusal("inverted_box", message, str(list(outcome.bbox))))
                continue
            row |= {
                "image_id": outcome.image_id,
                **dict(zip(("x1", "y1", "x2", "y2"), outcome.bbox, strict=True)),
                "style": outcome.style,
                "pair_id": outcome.pair_id,
                "category_id": getattr(outcome, "cls", None),
            }
        rows.append(row)
    return table.name, rows, refused


def _lines(data: bytes) -> Iterator[Outcome]:
    """A list of document names, one a line; empty lines are no records."""
    if data.count(b"\n") + data.count(b"\r") > MOST_RECORDS:
        yield 0, _too_long(data)
        return
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", errors="replace")
    for place, line in enumerate(lines, start=1):
        matched = _LINE.fullmatch(line.strip())
        if matched:
            yield place, int(matched[1])
        elif line.strip():
            message = f"line {place}: is no image number with `.json`"
            yield place, Refusal("unexpected_file_name", message, line[:200])


def _too_long(data: bytes) -> Refusal:
    return Refusal("too_large", f"has more than {MOST_RECORDS:,} records", cut(data))


def _records(data: bytes, kind: Any, where: str, only: range | None = None) -> Iterator[Outcome]:
    """The records of a JSON list, each strictly; a broken one is refused by itself."""
    try:
        raws = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        yield 0, broken_promise(error, data, where)
        return
    if len(raws) > MOST_RECORDS:
        yield 0, _too_long(data)
        return
    try:
        records = msgspec.json.decode(data, type=list[kind])
    except (msgspec.ValidationError, RecursionError):
        records = [_record(bytes(raw), kind, f"{where}[{at}]") for at, raw in enumerate(raws)]
    for at, (record, raw) in enumerate(zip(records, raws, strict=True)):
        if only is not None and (isinstance(record, Refusal) or record.image_id not in only):
            continue
        text, own = bytes(raw), f"{where}[{at}]"
        yield at + 1, nested_deeply(text) or _twice(text, own) or _leads_away(record, own) or record


def _twice(raw: bytes, where: str) -> Refusal | None:
    repeated = repeated_key(raw)
    return stands_twice(repeated, raw, where) if repeated else None


def _leads_away(record: Any, where: str) -> Refusal | None:
    """A refusal for a picture record whose file name is not just a name, else None."""
    if not isinstance(record, PictureRecord) or _PLAIN_NAME.fullmatch(record.file_name):
        return None
    text = f"`{where}.file_name`: is not the name of a file without folders"
    return Refusal("unexpected_file_name", text, record.file_name[:200])


def _record(raw: bytes, kind: Any, where: str) -> Any:
    """One record, or why it is none."""
    if refusal := nested_deeply(raw):
        return refusal
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        return broken_promise(error, raw, where)
