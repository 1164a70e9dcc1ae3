"""DeepFashion2: one JSON document and one picture per image, parts of 4,096 image numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Decoded, Decoder, PartInput
from flows.decode.deepfashion2.batch import ItemBuffers
from flows.decode.deepfashion2.documents import Read, read_document
from flows.decode.deepfashion2.layout import PART_SIZE, SPLITS, arrange, picture_path
from flows.decode.deepfashion2.lists import PictureRecord, read_list, read_pictures
from flows.decode.nested_lists import lists_of
from flows.decode.rejections import Refusals
from flows.decode.strict_json import Refusal, cut
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.source import Document

DECODER_VERSION = 1

LARGEST_PART = 64 << 20
"""Bytes that the rows of one part may take, roughly; the published parts take about 10 million.

It bounds memory when every document of a part is sound and large. What comes after it is refused.
"""
_BYTES_OF_ITEM, _BYTES_OF_LIST_ROW, _BYTES_OF_REFUSAL = 300, 100, 1_000


def decode(part: PartInput) -> Decoded:
    """One part: documents and picture facts in, one row per image number out, in its order.

    A number seen only under image/ is a row with `annotated` false, one seen only under annos/ a
    row with `image_status` missing. A refused document leaves no row, whatever its picture is.
    """
    refusals = Refusals(part.split)
    _refuse_names(part.members, refusals)
    reading = _Reading(part.split, refusals)
    sent = pc.is_in(part.members["role"], value_set=pa.array(["document", "side"]))
    wanted = part.members.filter(sent).select(["role", "image_id", "name"])
    number = part.members["part"][0].as_py() if len(part.members) else 0
    columns = (column.to_pylist() for column in wanted.columns)
    for role, image_id, name, document in zip(*columns, part.documents, strict=True):
        if document.name != name:
            raise ValueError(f"documents out of order: {document.name} came for {name}")
        if role == "side":
            reading.side(document, number)
        else:
            reading.document(document, image_id)
    return Decoded(
        annotations=_image_rows(part, reading),
        rejections=refusals.finish(),
        documents_read=_documents(part.members) + reading.records_refused,
        items_read=reading.items_read,
        tables=reading.listed(),
    )


def _documents(members: pa.Table) -> int:
    """Image numbers under image/ or annos/, and files that have none: counted from the listing."""
    unexpected = pc.equal(members["role"], "unexpected")
    numbers = members["image_id"].filter(pc.invert(unexpected))
    return pc.sum(unexpected, min_count=0).as_py() + pc.count_distinct(numbers).as_py()


class _Reading:
    """What the documents of one part have told so far."""

    def __init__(self, split: str, refusals: Refusals) -> None:
        self._split = split
        self._refusals = refusals
        self.items = ItemBuffers()
        self.image_ids: list[int] = []
        self.names: list[str] = []
        self.sources: list[str] = []
        self.pair_ids: list[int] = []
        self.item_counts: list[int] = []
        self.refused_ids: list[int] = []
        self.items_read = 0
        self.records_refused = 0
        self.pictures: dict[int, PictureRecord] = {}
        self._listed: dict[str, list[pa.RecordBatch]] = {}
        self._room = LARGEST_PART

    def document(self, document: Document, image_id: int) -> None:
        """One image's annotation."""
        name, data = document.name, document.data
        read = read_document(data) if data is not None else _unread(document)
        if isinstance(read, Read) and not self._take_room(_bytes_of(read)):
            read = _no_room(data)
        if isinstance(read, Refusal):
            self.refused_ids.append(image_id)
            self._refusals.add(name, read, image_id=image_id)
            return
        self.items_read += len(read.items) + len(read.refused)
        # By number, as the tables are sorted; the document's own order stays in document_order.
        self.items.append(sorted(read.items))
        self.image_ids.append(image_id)
        self.names.append(name)
        self.sources.append(read.source)
        self.pair_ids.append(read.pair_id)
        self.item_counts.append(len(read.items))
        for item_no, refusal in read.refused:
            self._refusals.add(name, refusal, image_id=image_id, item_no=item_no)

    def side(self, document: Document, number: int) -> None:
        """One side file; the first part of its split says what is wrong with it."""
        name, data = document.name, document.data
        table = ""
        rows: list[dict[str, Any]] = []
        refused: list[Refusal] = []
        if data is None:
            refused.append(_unread(document))
        elif name.endswith("_information.json"):
            own = range(number * PART_SIZE, (number + 1) * PART_SIZE)
            for _, record in read_pictures(data, only=own if number else None):
                if isinstance(record, Refusal):
                    refused.append(record)
                elif record.id in own:
                    self.pictures.setdefault(record.id, record)
        else:
            table, rows, refused = read_list(name, data)
            if not self._take_room(_BYTES_OF_LIST_ROW * len(rows)):
                rows, refused = [], [_no_room(data)]
        if number:
            return
        if not self._take_room(_BYTES_OF_REFUSAL * len(refused)):
            rows, refused = [], [_no_room(data)]
        if rows:
            self._add_rows(table, rows)
        self.records_refused += len(refused)
        for refusal in refused:
            self._refusals.add(name, refusal, image_id=None)

    def listed(self) -> dict[str, pa.RecordBatch]:
        """The authors' lists as finished tables."""
        return {name: pa.concat_batches(batches) for name, batches in self._listed.items()}

    def _add_rows(self, table: str, rows: list[dict[str, Any]]) -> None:
        key = {"dataset": "deepfashion2", "split": self._split}
        batch = pa.RecordBatch.from_pylist([key | row for row in rows], schema=TABLES[table].schema)
        self._listed.setdefault(table, []).append(batch)

    def _take_room(self, size: int) -> bool:
        """Whether rows of so many bytes fit into the part; if so, they are counted."""
        fits = size <= self._room
        self._room -= size if fits else 0
        return fits


def _bytes_of(read: Read) -> int:
    """About how many bytes a document's rows take."""
    numbers = sum(
        len(item.landmarks) + sum(map(len, item.segmentation)) + len(item.segmentation)
        for _, _, item in read.items
    )
    return 8 * numbers + _BYTES_OF_ITEM * len(read.items) + _BYTES_OF_REFUSAL * len(read.refused)


def _no_room(data: bytes | None) -> Refusal:
    text = f"with it the rows of its part would take more than {LARGEST_PART:,} bytes"
    return Refusal("too_large", text, cut(data or b""))


def _unread(document: Document) -> Refusal:
    """What storage said about bytes that it could not get."""
    return Refusal(document.rule or "unreadable", document.message or "could not be read")


def _refuse_names(members: pa.Table, refusals: Refusals) -> None:
    """Files that are no documents and no pictures: a strange name, or a second one for an image."""
    for row in members.filter(pc.equal(members["role"], "unexpected")).to_pylist():
        name, image_id = row["name"], row["image_id"]
        if image_id is None:
            message = "is no image number with `.jpg` or `.json`"
            refusal = Refusal("unexpected_file_name", message, name.rpartition("/")[2][:200])
        else:
            message = f"another file already stands for image {image_id}"
            refusal = Refusal("image_id_clash", message, name.rpartition("/")[2][:200])
        refusals.add(name, refusal, image_id=image_id)


def _image_rows(part: PartInput, reading: _Reading) -> pa.RecordBatch:
    """The nested batch: numbers under image/ or annos/, less those whose document was refused."""
    documents = np.asarray(reading.image_ids, np.int64)
    is_picture = pc.equal(part.members["role"], "picture")
    pictured = part.members["image_id"].filter(is_picture).to_numpy().astype(np.int64)
    if part.pictures["name"].to_pylist() != part.members["name"].filter(is_picture).to_pylist():
        raise ValueError("picture facts out of order: one for each picture of the part is wanted")
    image_ids = np.setdiff1d(np.union1d(documents, pictured), reading.refused_ids)

    document_at = _places(documents, image_ids)
    picture_at = _places(pictured, image_ids)
    facts = part.pictures.take(picture_at).to_batches()
    facts = facts[0] if facts else pa.RecordBatch.from_pylist([], schema=part.pictures.schema)
    columns = {
        "dataset": pa.repeat("deepfashion2", len(image_ids)),
        "split": pa.repeat(part.split, len(image_ids)),
        "image_id": pa.array(image_ids),
        "document": pa.array(reading.names, pa.string()).take(document_at),
        "file_name": _file_names(image_ids, facts["name"]),
        "annotated": document_at.is_valid(),
        **{field.name: facts[field.name] for field in facts.schema if field.name != "name"},
        "source": pa.array(reading.sources, pa.string()).take(document_at),
        "pair_id": pa.array(reading.pair_ids, pa.int32()).take(document_at),
        "items": _item_lists(reading, document_at),
    }
    columns["image_status"] = pc.fill_null(columns["image_status"], "missing")
    if reading.pictures:
        _fill_from_records(columns, reading.pictures)
    return pa.RecordBatch.from_arrays(
        [columns[field.name].cast(field.type) for field in ANNOTATION], schema=ANNOTATION
    )


def _places(known: np.ndarray, wanted: np.ndarray) -> pa.Array:
    """Where each wanted number stands among the known ones; null where it does not."""
    if not len(known):
        return pa.nulls(len(wanted), pa.int64())
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    at = order[at]
    return pa.array(at, mask=known[at] != wanted)


def _file_names(image_ids: np.ndarray, members: pa.Array) -> pa.Array:
    """The picture's own name, or the one it would have."""
    digits = pc.utf8_lpad(pa.array(image_ids).cast(pa.string()), 6, "0")
    usual = pc.binary_join_element_wise(digits, ".jpg", "")
    return pc.coalesce(pc.replace_substring_regex(members, r"^.*/", ""), usual)


def _item_lists(reading: _Reading, document_at: pa.Array) -> pa.ListArray:
    """The items of each image; an empty list for one without a document."""
    counts = np.asarray(reading.item_counts, np.int32)
    items = lists_of(counts, reading.items.finish(), ANNOTATION.field("items").type)
    at = document_at.drop_null().to_numpy()
    if (np.diff(at) < 0).any():
        items = items.take(pa.array(at))
    found = np.zeros(len(document_at), np.int32)
    found[document_at.is_valid().to_numpy(zero_copy_only=False)] = counts[at]
    return lists_of(found, items.flatten(), items.type)


def _fill_from_records(columns: dict[str, pa.Array], records: dict[int, PictureRecord]) -> None:
    """Size and name of missing pictures, from the authors' own records."""
    missing = pc.equal(columns["image_status"], "missing").to_pylist()
    found = [
        records.get(image_id) if absent else None
        for image_id, absent in zip(columns["image_id"].to_pylist(), missing, strict=True)
    ]
    for column, attribute in (("width", "width"), ("height", "height"), ("file_name", "file_name")):
        known = pa.array([getattr(record, attribute, None) for record in found])
        known = known.cast(columns[column].type)
        columns[column] = pc.coalesce(known, columns[column])


DEEPFASHION2 = Decoder(
    dataset="deepfashion2",
    version=DECODER_VERSION,
    splits=SPLITS,
    arrange=arrange,
    decode=decode,
    picture_path=picture_path,
)
