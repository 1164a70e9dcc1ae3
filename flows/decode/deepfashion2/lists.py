"""DeepFashion2's side files: the authors' retrieval lists and their records of picture sizes.

In come files next to the annotations; out go rows of `listed_queries` and `listed_gallery`, and
width, height and file name of images without a picture file. An image that only a side file names
has no row in `images`.
"""

import io
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.batch import Reason
from flows.decode.strict_json import (
    duplicate_key,
    excerpt,
    not_json,
    repeated_keys,
    too_deep,
    too_many_values,
    validation_error,
)
from schemas.annotation import MAX_COORDINATE
from schemas.listed import LISTED_GALLERY, LISTED_QUERIES
from schemas.source import ARRANGED

SIDE_FILE = (
    r"^(?:[^/]+/){0,2}(?:list_(?:query|gallery)\.txt|(?:query|gallery)_gt\.json"
    r"|(?:train|val|validation|test)_(?:query|gallery)\.json"
    r"|(?:keypoints|retrieval)_(?:train|val|validation|test)(?:_(?:consumer|shop))?"
    r"_information\.json)$"
)
"""Names of side files, at most two folders below the source's root."""

MAX_RECORDS = 400_000
"""Of one list; DeepFashion2 has 491,000 images and its largest list 192,000 records."""
MAX_VALUES = 3_000_000
"""Of one list: nine for each of its records, and room."""

_SPLIT = re.compile(r"(?:^|_)(train|validation|val|test)_")
# A file name without folders: pictures are looked up by it, and exports write it.
_PLAIN_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]{1,255}")
_LINE = re.compile(r"([0-9]{1,12})\.(?:json|jpg)")

_Id = Annotated[int, msgspec.Meta(ge=0, lt=10**12)]
_Int16 = Annotated[int, msgspec.Meta(ge=-(2**15), lt=2**15)]
_Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
_Size = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
_Coordinate = Annotated[float, msgspec.Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
_Box = tuple[_Coordinate, _Coordinate, _Coordinate, _Coordinate]


class _Query(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    image_id: _Id = msgspec.field(name="query_image_id")
    style: _Int32
    pair_id: _Int32
    bbox: _Box
    cls: _Int16 | None = None  # the first public query_gt had none


class _GalleryEntry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    image_id: _Id = msgspec.field(name="gallery_image_id")
    style: _Int32
    pair_id: _Int32
    bbox: _Box


class _Information(msgspec.Struct, gc=False):
    images: msgspec.Raw


class PictureRecord(msgspec.Struct, gc=False):
    """A COCO image record; the other keys are constants of the authors' script."""

    image_id: _Id = msgspec.field(name="id")
    file_name: str
    width: _Size
    height: _Size


def split_of(name: str) -> str:
    """The split of a side file; the unmarked names of January 2019 are validation."""
    marked = _SPLIT.search(name.rpartition("/")[2])
    word = marked[1] if marked else "validation"
    return "validation" if word == "val" else word


def side_rows(side: pa.Table, parts: pa.Table, split: str | None) -> pa.Table:
    """Side files (MEMBERS) as ARRANGED: lists in part 0, picture records in every part as well.

    `parts` has the split and number of each part. Part 0 of a split has all its side files and
    alone reports what is wrong with them.
    """
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
"""A record's place in its file, from 1, and the record or its Reason; 0 for the whole file."""


def read_pictures(data: bytes, only: range | None = None) -> Iterator[Outcome]:
    """The picture records of an `..._information.json`: PictureRecord or Reason.

    `only` drops records of images outside that range, and invalid ones.
    """
    if reason := too_many_values(data, MAX_VALUES) or not_json(data):
        yield 0, reason
        return
    try:
        images = msgspec.json.decode(data, type=_Information).images
    except msgspec.ValidationError as error:
        yield 0, validation_error(error, data, "$")
        return
    # The file is read for every part of its split, so it is searched only when `images` may repeat.
    if data.count(b'"images"') > 1 and not too_deep(data) and repeated_keys(data)[0] == "images":
        yield 0, duplicate_key(data, "$")
        return
    yield from _records(bytes(images), PictureRecord, "$.images", only)


def read_list(name: str, data: bytes) -> tuple[str, list[dict[str, Any]], list[Reason]]:
    """A retrieval list: its table's name, its rows (without dataset and split), its rejections."""
    is_query = "query" in name.rpartition("/")[2]
    table = LISTED_QUERIES if is_query else LISTED_GALLERY
    if name.endswith(".txt"):
        outcomes = _lines(data)
    elif reason := too_many_values(data, MAX_VALUES) or not_json(data):
        outcomes = iter([(0, reason)])
    else:
        outcomes = _records(data, _Query if is_query else _GalleryEntry, "$")
    rows, rejected = [], []
    for list_no, record in outcomes:
        if isinstance(record, Reason):
            rejected.append(record)
            continue
        row = {"list_file": name, "list_no": list_no}
        if isinstance(record, int):
            rows.append(row | {"image_id": record})
            continue
        x1, y1, x2, y2 = record.bbox
        if x2 < x1 or y2 < y1:
            message = f"`$[{list_no - 1}].bbox`: ends before it begins"
            rejected.append(Reason("inverted_box", message, str(list(record.bbox))))
            continue
        row |= {"image_id": record.image_id, "x1": x1, "y1": y1, "x2": x2, "y2": y2}
        row |= {"style": record.style, "pair_id": record.pair_id}
        rows.append(row | {"category_id": getattr(record, "cls", None)})
    return table.name, rows, rejected


def _lines(data: bytes) -> Iterator[Outcome]:
    """A list of document names, one per line; empty lines are skipped."""
    if data.count(b"\n") + data.count(b"\r") > MAX_RECORDS:
        yield 0, _too_long(data)
        return
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", errors="replace")
    for number, line in enumerate(lines, start=1):
        matched = _LINE.fullmatch(line.strip())
        if matched:
            yield number, int(matched[1])
        elif line.strip():
            message = f"line {number}: is not an image number with `.json`"
            yield number, Reason("unexpected_file_name", message, line)


def _too_long(data: bytes) -> Reason:
    return Reason("too_large", f"has more than {MAX_RECORDS:,} records", excerpt(data))


def _records(data: bytes, kind: Any, where: str, only: range | None = None) -> Iterator[Outcome]:
    """The records of a JSON list, each strictly; an invalid one is rejected alone."""
    try:
        raws = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        yield 0, validation_error(error, data, where)
        return
    if len(raws) > MAX_RECORDS:
        yield 0, _too_long(data)
        return
    try:
        records = msgspec.json.decode(data, type=list[kind])
    except (msgspec.ValidationError, RecursionError):
        records = [_record(bytes(raw), kind, f"{where}[{k}]") for k, raw in enumerate(raws)]
    for index, (record, raw) in enumerate(zip(records, raws, strict=True)):
        if only is not None and (isinstance(record, Reason) or record.image_id not in only):
            continue
        text, path = bytes(raw), f"{where}[{index}]"
        reason = too_deep(text) or duplicate_key(text, path) or _unsafe_name(record, path)
        yield index + 1, reason or record


def _unsafe_name(record: Any, where: str) -> Reason | None:
    """A reason for a picture record whose file name is not just a name, else None."""
    if not isinstance(record, PictureRecord) or _PLAIN_NAME.fullmatch(record.file_name):
        return None
    text = f"`{where}.file_name`: is not the name of a file without folders"
    return Reason("unexpected_file_name", text, record.file_name)


def _record(raw: bytes, kind: Any, where: str) -> Any:
    """One record, or its Reason."""
    if reason := too_deep(raw):
        return reason
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        return validation_error(error, raw, where)
