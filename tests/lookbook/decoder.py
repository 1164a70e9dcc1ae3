"""Lookbook: `labels.ndjson`, one line per picture with its garments and their outlines.

An image_id is the number of its line, from 1. A line that breaks a rule is refused as a document, a
garment with an unknown label as an item.
"""

from collections.abc import Iterable

import msgspec
import pyarrow as pa

from flows.decode.batch import Reason, Rejections
from flows.decode.decoder import (
    Arrangement,
    Decoded,
    Decoder,
    PartInput,
    ReadMember,
    ignored_rows,
    require_data,
    whole_listing,
)
from flows.decode.strict_json import duplicate_key, excerpt, not_json, too_deep, validation_error
from schemas.annotation import ANNOTATION
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.source import ARRANGED, MEMBERS

DATASET = "lookbook"
DECODER_VERSION = 1
LABELS = "labels.ndjson"
PICTURES = "pictures"
_CATEGORIES = {category.name: category.category_id for category in CATEGORIES[DATASET]}


class Garment(msgspec.Struct, forbid_unknown_fields=True):
    """A garment of a line: its label and its outlines as x1, y1, x2, y2, ..."""

    label: str
    polygons: list[list[float]]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line: the name of the picture and what it shows."""

    file: str
    garments: list[Garment]


def arrange(members: Iterable[pa.Table], split: str | None, read: ReadMember) -> Arrangement:
    """One part: the labels, and the pictures that they name."""
    listed = {row["name"]: row for row in whole_listing(members).to_pylist()}
    if LABELS not in listed:
        raise InputError(f"not a Lookbook source: expected {LABELS}")
    part = {"split": split or "train", "part": 0}
    rows = [part | {"role": "table", "image_id": None} | listed.pop(LABELS)]
    for number, line in enumerate(read(LABELS).splitlines(), start=1):
        record = read_line(line)
        name = f"{PICTURES}/{record.file}" if isinstance(record, Line) else ""
        if name in listed:
            rows.append(part | {"role": "picture", "image_id": number} | listed.pop(name))
    ignored = pa.Table.from_pylist(list(listed.values()), schema=MEMBERS)
    return Arrangement([pa.Table.from_pylist(rows, schema=ARRANGED), ignored_rows(ignored)])


def decode(part: PartInput) -> Decoded:
    """All lines; a picture without a file has the status `missing`."""
    (document,) = part.documents
    facts = {row.pop("name"): row for row in part.pictures.to_pylist()}
    rejections = Rejections(DATASET, part.split)
    images: list[dict[str, object]] = []
    lines = require_data(document).splitlines()
    items_read = 0
    for number, line in enumerate(lines, start=1):
        record = read_line(line)
        if isinstance(record, Reason):
            reason = record._replace(message=f"line {number}: {record.message}")
            rejections.add(document.name, reason, image_id=number)
            continue
        items: list[dict[str, object]] = []
        for item_no, garment in enumerate(record.garments, start=1):
            place = f"line {number}: $.garments[{item_no - 1}]"
            items_read += 1
            if garment.label not in _CATEGORIES:
                reason = Reason("unknown_category", f"`{place}.label`: unknown", garment.label)
                rejections.add(document.name, reason, image_id=number, item_no=item_no)
                continue
            item = {"item_no": item_no, "document_order": item_no, "place": place}
            item |= {"category_id": _CATEGORIES[garment.label], "category_name": garment.label}
            items.append(item | {"landmarks": [], "polygons": garment.polygons})
        image: dict[str, object] = {"dataset": DATASET, "split": part.split, "image_id": number}
        image |= {"document": document.name, "file_name": record.file, "annotated": True}
        picture = facts.get(f"{PICTURES}/{record.file}", {"image_status": "missing"})
        images.append(image | picture | {"items": items})
    annotations = pa.RecordBatch.from_pylist(images, schema=ANNOTATION)
    return Decoded(annotations, rejections.finish(), len(lines), items_read)


def read_line(line: bytes) -> Line | Reason:
    """A line, or the first rule that it breaks."""
    if reason := too_deep(line) or not_json(line) or duplicate_key(line, "$"):
        return reason
    try:
        record = msgspec.json.decode(line, type=Line)
    except msgspec.ValidationError as error:
        return validation_error(error, line, "$")
    if "/" in record.file or "\\" in record.file:
        message = "`$.file`: is not the name of a file"
        return Reason("unexpected_file_name", message, excerpt(line))
    return record


LOOKBOOK = Decoder(DATASET, DECODER_VERSION, arrange, decode, f"{PICTURES}/{{file_name}}")
