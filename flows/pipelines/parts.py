"""The build of one part: read, decode, validate, flatten and write it, in any process."""

import hashlib
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode import DECODERS, PartInput
from flows.flatten import flatten
from flows.lake import Part, write_part
from flows.pictures import PictureFacts, probe, verify
from flows.release import Receipt
from flows.storage import Location, read_heads, read_members
from flows.validate import validate_items
from schemas import TABLES
from schemas.annotation import PICTURE
from schemas.source import PICTURE_FACTS, Document

PICTURES_AT_ONCE = 100
"""Embedded pictures held in memory together; also a row group, as Hugging Face sizes it."""

PICTURE_BYTES_AT_ONCE = 64 << 20
"""Their bytes together, unless a single picture has more."""

INCOMPLETE_FINGERPRINT = ""
"""Fingerprint of a part that could not be read whole: it equals no other."""


@dataclass(frozen=True)
class PartJob:
    """A part to build, its source, the staging folder to write into, and the picture options."""

    part: Part
    source: Location
    folder: Path
    verify_images: bool = False
    embed_images: bool = False


RunParts = Callable[[Callable[[PartJob], Receipt], Sequence[PartJob]], Iterable[Receipt]]
"""Runs the parts: takes a function and jobs, yields receipts in any order."""


def build_part(job: PartJob) -> Receipt:
    """Read, decode, validate, flatten and write one part. Runs in any process.

    Raises OSError when the source as a whole cannot be read; everything else that is wrong with
    the bytes becomes a rejection.
    """
    started = time.perf_counter()
    part = job.part
    failures: list[str] = []
    documents = read_members(job.source, _with_roles(part.members, "document", "table", "side"))
    decoded = DECODERS[part.dataset].decode(
        PartInput(
            split=part.split,
            members=part.members,
            documents=record_failures(documents, failures),
            pictures=picture_facts(job, failures),
        )
    )
    accepted, item_rejections = validate_items(decoded.annotations)
    tables: dict[str, pa.RecordBatch | pa.RecordBatchReader] = {
        **flatten(accepted),
        **decoded.tables,
        "rejections": _sorted_rejections(decoded.rejections, item_rejections),
    }
    if job.embed_images and "pictures" not in tables:
        tables["pictures"] = _embedded_pictures(job, accepted)
    return Receipt(
        part=part.name,
        # A part that could not be read whole is read again by the next run, changed or not: a
        # repaired disk, mount or password does not show in a listing.
        fingerprint=INCOMPLETE_FINGERPRINT if failures else part.fingerprint,
        files=write_part(job.folder, part, tables),
        counts={
            **_counts(tables),
            "documents_read": decoded.documents_read,
            "items_read": decoded.items_read,
        },
        seconds=time.perf_counter() - started,
        peak_rss=_peak_rss(),
    )


def record_failures(documents: Iterable[Document], failures: list[str]) -> Iterator[Document]:
    """Yield the documents and add the names of those that could not be read to `failures`.

    A member that is too large is not a failure: to read it again does not help.
    """
    for document in documents:
        if document.data is None and document.rule != "too_large":
            failures.append(document.name)
        yield document


def picture_facts(job: PartJob, failures: list[str]) -> pa.Table:
    """PICTURE_FACTS from the first bytes of each picture, or from all bytes with `verify_images`.

    Names of pictures that could not be read are added to `failures`.
    """
    members = _with_roles(job.part.members, "picture")
    rows: list[dict[str, object]] = []
    if job.verify_images:
        for document in record_failures(read_members(job.source, members), failures):
            if document.data is None:
                rows.append(_unread(document)._asdict())
            else:
                digest = hashlib.sha256(document.data).hexdigest()
                rows.append({**verify(document.data)._asdict(), "sha256": digest})
    else:
        for head in read_heads(job.source, members, probe):
            if isinstance(head, Document):
                (head,) = map(_unread, record_failures([head], failures))
            rows.append(head._asdict())
    listed = zip(members["name"].to_pylist(), members["size"].to_pylist(), rows, strict=True)
    return pa.Table.from_pylist(
        [{"name": name, "byte_size": size, **row} for name, size, row in listed],
        schema=PICTURE_FACTS,
    )


def _unread(document: Document) -> PictureFacts:
    status = "too_large" if document.rule == "too_large" else "unreadable"
    return PictureFacts(None, None, None, None, status)


def _with_roles(members: pa.Table, *roles: str) -> pa.Table:
    return members.filter(pc.is_in(members["role"], pa.array(roles)))


def _sorted_rejections(*rejections: pa.RecordBatch) -> pa.Table:
    """The rejections of decoder and validation as one table, sorted by document and item."""
    keys = ("file_name", "item_no", "rule", "message")
    return pa.Table.from_batches(rejections).sort_by([(key, "ascending") for key in keys])


def _embedded_pictures(job: PartJob, accepted: pa.RecordBatch) -> pa.RecordBatchReader:
    """The bytes of every picture that can be decoded, a hundred at a time, by image_id."""
    members = _with_roles(job.part.members, "picture")
    decodable = accepted.filter(pc.field("image_status") == "ok").select(["image_id", "file_name"])
    names = pa.Table.from_batches([decodable])
    rows = members.join(names, "image_id", join_type="inner").sort_by("image_id")
    schema = TABLES["pictures"].schema

    def batches() -> Iterator[pa.RecordBatch]:
        for start, count in _runs(rows["size"].to_pylist()):
            batch = rows.slice(start, count)
            images = []
            documents = read_members(job.source, batch)
            for document, name in zip(documents, batch["file_name"].to_pylist(), strict=True):
                if document.data is None:
                    raise OSError(f"{document.name} of part {job.part.name} changed while reading")
                images.append({"bytes": document.data, "path": name})
            yield pa.RecordBatch.from_arrays(
                [
                    pa.repeat(job.part.dataset, count),
                    pa.repeat(job.part.split, count),
                    batch["image_id"].combine_chunks(),
                    pa.array(images, PICTURE),
                ],
                schema=schema,
            )

    return pa.RecordBatchReader.from_batches(schema, batches())


def _runs(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each run of pictures that are held in memory together."""
    start = total = 0
    for index, size in enumerate(sizes):
        full = index - start == PICTURES_AT_ONCE or total + size > PICTURE_BYTES_AT_ONCE
        if full and index > start:
            yield start, index - start
            start, total = index, 0
        total += size
    if sizes:
        yield start, len(sizes) - start


def _counts(tables: dict[str, pa.RecordBatch | pa.RecordBatchReader]) -> dict[str, int]:
    refused_items = tables["rejections"]["item_no"]
    missing = pc.sum(pc.equal(tables["images"]["image_status"], "missing")).as_py() or 0
    return {
        "documents_refused": refused_items.null_count,
        "items_refused": len(refused_items) - refused_items.null_count,
        "images": tables["images"].num_rows,
        "items": tables["items"].num_rows,
        "pictures": tables["images"].num_rows - missing,
    }


def _peak_rss() -> int:
    """Peak memory of this process in bytes; Linux counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
