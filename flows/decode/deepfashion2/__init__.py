"""DeepFashion2: one JSON document and one picture per image, parts of 4,096 image numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.batch import Reason, Rejections, lists_of, record_batch
from flows.decode.decoder import Decoded, Decoder, PartInput
from flows.decode.deepfashion2.documents import ParsedDocument, read_document
from flows.decode.deepfashion2.items import ItemBuffers
from flows.decode.deepfashion2.layout import arrange
from flows.decode.deepfashion2.lists import PictureRecord, read_list, read_pictures
from flows.decode.strict_json import excerpt
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.datasets import PART_SIZE
from schemas.source import Document

DATASET = "deepfashion2"
DECODER_VERSION = 2

MAX_PART_BYTES = 64 << 20
"""Bytes that the rows of one part may take, roughly; the published parts take about 10 million.

It bounds memory when every document of a part is valid and large: those after it are rejected.
"""
_ITEM_BYTES, _LIST_ROW_BYTES, _REJECTION_BYTES = 300, 100, 1_000


def decode(part: PartInput) -> Decoded:
    """One part: documents and picture facts in, one row per image number out, in its order.

    A number with a picture only is a row with `annotated` false, one with a document only a row
    with `image_status` missing. A rejected document has no row, even when its picture exists.
    """
    rejections = Rejections(DATASET, part.split)
    _reject_names(part.members, rejections)
    reader = _PartReader(part.split, rejections)
    is_read = pc.is_in(part.members["role"], value_set=pa.array(["document", "side"]))
    members = part.members.filter(is_read).select(["role", "image_id", "name"])
    number = part.members["part"][0].as_py() if len(part.members) else 0
    columns = (column.to_pylist() for column in members.columns)
    for role, image_id, name, document in zip(*columns, part.documents, strict=True):
        if document.name != name:
            raise ValueError(f"documents out of order: {document.name} came for {name}")
        if role == "side":
            reader.add_side_file(document, number)
        else:
            reader.add_document(document, image_id)
    return Decoded(
        annotations=_image_rows(part, reader),
        rejections=rejections.finish(),
        documents_read=_document_count(part.members) + reader.rejected_records,
        items_read=reader.items_read,
        tables=reader.listed_tables(),
    )


def _document_count(members: pa.Table) -> int:
    """Image numbers in image/ or annos/, and files without one: counted from the listing."""
    unexpected = pc.equal(members["role"], "unexpected")
    numbers = members["image_id"].filter(pc.invert(unexpected))
    return pc.sum(unexpected, min_count=0).as_py() + pc.count_distinct(numbers).as_py()


class _PartReader:
    """The rows read so far from the documents and side files of one part."""

    def __init__(self, split: str, rejections: Rejections) -> None:
        self._split = split
        self._rejections = rejections
        self.items = ItemBuffers()
        self.image_ids: list[int] = []
        self.names: list[str] = []
        self.sources: list[str] = []
        self.pair_ids: list[int] = []
        self.item_counts: list[int] = []
        self.rejected_ids: list[int] = []
        self.items_read = 0
        self.rejected_records = 0
        self.pictures: dict[int, PictureRecord] = {}
        self._listed: dict[str, list[pa.RecordBatch]] = {}
        self._free_bytes = MAX_PART_BYTES

    def add_document(self, document: Document, image_id: int) -> None:
        """Add one image's annotation."""
        name, data = document.name, document.data
        parsed = read_document(data) if data is not None else _storage_error(document)
        if isinstance(parsed, ParsedDocument) and not self._reserve(_row_bytes(parsed)):
            parsed = _part_is_full(data)
        if isinstance(parsed, Reason):
            self.rejected_ids.append(image_id)
            self._rejections.add(name, parsed, image_id=image_id)
            return
        self.items_read += len(parsed.items) + len(parsed.rejected)
        # By number, as the tables are sorted; the document's order is in document_order.
        self.items.append(sorted(parsed.items))
        self.image_ids.append(image_id)
        self.names.append(name)
        self.sources.append(parsed.source)
        self.pair_ids.append(parsed.pair_id)
        self.item_counts.append(len(parsed.items))
        for item_no, reason in parsed.rejected:
            self._rejections.add(name, reason, image_id=image_id, item_no=item_no)

    def add_side_file(self, document: Document, number: int) -> None:
        """Add one side file to part `number`; part 0 alone reports what is wrong with the file."""
        name, data = document.name, document.data
        table = ""
        rows: list[dict[str, Any]] = []
        rejected: list[Reason] = []
        if data is None:
            rejected.append(_storage_error(document))
        elif name.endswith("_information.json"):
            own_ids = range(number * PART_SIZE, (number + 1) * PART_SIZE)
            for _, record in read_pictures(data, only=own_ids if number else None):
                if isinstance(record, Reason):
                    rejected.append(record)
                elif record.image_id in own_ids:
                    self.pictures.setdefault(record.image_id, record)
        else:
            table, rows, rejected = read_list(name, data)
            if not self._reserve(_LIST_ROW_BYTES * len(rows)):
                rows, rejected = [], [_part_is_full(data)]
        if number:
            return
        if not self._reserve(_REJECTION_BYTES * len(rejected)):
            rows, rejected = [], [_part_is_full(data)]
        if rows:
            key = {"dataset": DATASET, "split": self._split}
            schema = TABLES[table].schema
            batch = pa.RecordBatch.from_pylist([key | row for row in rows], schema=schema)
            self._listed.setdefault(table, []).append(batch)
        self.rejected_records += len(rejected)
        for reason in rejected:
            self._rejections.add(name, reason, image_id=None)

    def listed_tables(self) -> dict[str, pa.RecordBatch]:
        """The authors' lists as finished tables."""
        return {name: pa.concat_batches(batches) for name, batches in self._listed.items()}

    def _reserve(self, size: int) -> bool:
        """Whether rows of so many bytes fit into the part; if so, they are counted."""
        fits = size <= self._free_bytes
        self._free_bytes -= size if fits else 0
        return fits


def _row_bytes(parsed: ParsedDocument) -> int:
    """About how many bytes a document's rows take."""
    numbers = sum(
        len(item.landmarks) + sum(map(len, item.segmentation)) + len(item.segmentation)
        for _, _, item in parsed.items
    )
    return 8 * numbers + _ITEM_BYTES * len(parsed.items) + _REJECTION_BYTES * len(parsed.rejected)


def _part_is_full(data: bytes | None) -> Reason:
    text = f"with it the rows of its part would take more than {MAX_PART_BYTES:,} bytes"
    return Reason("too_large", text, excerpt(data or b""))


def _storage_error(document: Document) -> Reason:
    """Why storage could not read the bytes."""
    return Reason(document.rule or "unreadable", document.message or "could not be read")


def _reject_names(members: pa.Table, rejections: Rejections) -> None:
    """Reject files with an invalid name, or with the number of another file."""
    for row in members.filter(pc.equal(members["role"], "unexpected")).to_pylist():
        name, image_id = row["name"], row["image_id"]
        base = name.rpartition("/")[2]
        if image_id is None:
            message = "is not an image number with `.jpg` or `.json`"
            reason = Reason("unexpected_file_name", message, base)
        else:
            reason = Reason("image_id_clash", f"image {image_id} already has a file", base)
        rejections.add(name, reason, image_id=image_id)


def _image_rows(part: PartInput, reader: _PartReader) -> pa.RecordBatch:
    """The nested batch: numbers in image/ or annos/, less those whose document was rejected."""
    documents = pa.array(reader.image_ids, pa.int64())
    is_picture = pc.equal(part.members["role"], "picture")
    pictures = part.members["image_id"].filter(is_picture).combine_chunks()
    if part.pictures["name"].to_pylist() != part.members["name"].filter(is_picture).to_pylist():
        raise ValueError("picture facts out of order: expected a row for each picture of the part")
    image_ids = np.setdiff1d(np.union1d(documents, pictures), reader.rejected_ids)

    # The position of each image's document and picture; null where it has none.
    document_at = pc.index_in(pa.array(image_ids), value_set=documents)
    facts = part.pictures.take(pc.index_in(pa.array(image_ids), value_set=pictures))
    columns: dict[str, Any] = {
        "dataset": DATASET,
        "split": part.split,
        "image_id": pa.array(image_ids),
        "document": pa.array(reader.names, pa.string()).take(document_at),
        "file_name": _file_names(image_ids, facts["name"]),
        "annotated": document_at.is_valid(),
        **{field.name: facts[field.name] for field in facts.schema if field.name != "name"},
        "source": pa.array(reader.sources, pa.string()).take(document_at),
        "pair_id": pa.array(reader.pair_ids, pa.int32()).take(document_at),
        "items": _item_lists(reader, document_at),
    }
    columns["image_status"] = pc.fill_null(columns["image_status"], "missing")
    if reader.pictures:
        _fill_from_records(columns, reader.pictures)
    return record_batch(ANNOTATION, columns, len(image_ids))


def _file_names(image_ids: np.ndarray, members: pa.Array) -> pa.Array:
    """The picture's file name; where an image has none, the usual one."""
    digits = pc.utf8_lpad(pa.array(image_ids).cast(pa.string()), 6, "0")
    usual = pc.binary_join_element_wise(digits, ".jpg", "")
    return pc.coalesce(pc.replace_substring_regex(members, r"^.*/", ""), usual)


def _item_lists(reader: _PartReader, document_at: pa.Array) -> pa.ListArray:
    """The items of each image; an empty list for one without a document."""
    items = lists_of(reader.item_counts, reader.items.finish(), ANNOTATION.field("items").type)
    items = items.take(document_at)
    counts = pc.fill_null(pc.list_value_length(items), 0)
    return lists_of(counts.to_numpy(), items.flatten(), items.type)


def _fill_from_records(columns: dict[str, pa.Array], records: dict[int, PictureRecord]) -> None:
    """Fill in size and name of missing pictures from the authors' records."""
    is_missing = pc.equal(columns["image_status"], "missing").to_pylist()
    image_records = [
        records.get(image_id) if missing else None
        for image_id, missing in zip(columns["image_id"].to_pylist(), is_missing, strict=True)
    ]
    for name in ("width", "height", "file_name"):
        values = pa.array([getattr(record, name, None) for record in image_records])
        columns[name] = pc.coalesce(values.cast(columns[name].type), columns[name])


DEEPFASHION2 = Decoder(DATASET, DECODER_VERSION, arrange, decode, "{split}/image/{file_name}")
