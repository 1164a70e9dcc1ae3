"""DeepFashion2's side files: the authors' retrieval lists and their records of picture sizes.

In come files beside the annotations; out go rows of `listed_queries` and `listed_gallery`, and
width, height and file name of images that have no local picture. An image known only from a side
file is no row of `images`: nothing of it is there.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.deepfashion2_json import (
    Refusal,
    broken_promise,
    cut,
    nested_deeply,
    not_json,
    repeated_key,
    stands_twice,
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

_SPLIT = re.compile(r"(?:^|_)(train|validation|val|test)_")
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
    broken = not_json(data)
    if broken:
        yield 0, broken
        return
    try:
        images = msgspec.json.decode(data, type=dict[str, msgspec.Raw])["images"]
    except msgspec.ValidationError as error:
        yield 0, broken_promise(error, data, "$")
        return
    except KeyError:
        yield 0, Refusal("missing_key", "`$`: lacks `images`", cut(data))
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
    elif refusal := not_json(data):
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
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    for place, line in enumerate(text.splitlines(), start=1):
        matched = _LINE.fullmatch(line.strip())
        if matched:
            yield place, int(matched[1])
        elif line.strip():
            message = f"line {place}: is no image number with `.json`"
            yield place, Refusal("unexpected_file_name", message, line[:200])


def _records(data: bytes, kind: Any, where: str, only: range | None = None) -> Iterator[Outcome]:
    """The records of a JSON list, each strictly; a broken one is refused by itself."""
    try:
        raws = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        yield 0, broken_promise(error, data, where)
        return
    try:
        records = msgspec.json.decode(data, type=list[kind])
    except (msgspec.ValidationError, RecursionError):
        records = [_record(bytes(raw), kind, f"{where}[{at}]") for at, raw in enumerate(raws)]
    for at, (record, raw) in enumerate(zip(records, raws, strict=True)):
        if only is not None and (isinstance(record, Refusal) or record.image_id not in only):
            continue
        yield at + 1, nested_deeply(bytes(raw)) or _twice(bytes(raw), f"{where}[{at}]") or record


def _twice(raw: bytes, where: str) -> Refusal | None:
    repeated = repeated_key(raw)
    return stands_twice(repeated, raw, where) if repeated else None


def _record(raw: bytes, kind: Any, where: str) -> Any:
    """One record, or why it is none."""
    if refusal := nested_deeply(raw):
        return refusal
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        return broken_promise(error, raw, where)
