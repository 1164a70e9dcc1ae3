"""One part of a source, from bytes to Parquet, in whatever process runs it."""

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
from flows.lake import Part, Receipt, write_part
from flows.pictures import PictureFacts, probe, verify
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
    """A part to build: what, from where, into which staging folder, and how closely to look."""

    part: Part
    source: Location
    folder: Path
    verify_images: bool = False
    embed_images: bool = False


RunParts = Callable[[Callable[[PartJob], Receipt], Sequence[PartJob]], Iterable[Receipt]]
"""Who runs the parts: a function and jobs in, receipts out, in any order (DESIGN 7)."""


def build_part(job: PartJob) -> Receipt:
    """One part from bytes to Parquet. Runs in any process: a pool, a Prefect task, an executor.

    Raises OSError when the source as a whole cannot be read; everything else that is wrong with
    the bytes becomes a rejection.
    """
    started = time.perf_counter()
    decoder = DECODERS[job.part.dataset]
    members = job.part.members
    failures: list[str] = []
    documents = read_members(job.source, _of_roles(members, "document", "table", "side"))
    decoded = decoder.decode(
        PartInput(
            split=job.part.split,
            members=members,
            documents=record_failures(documents, failures),
            pictures=picture_facts(job, failures),
        )
    )
    accepted, refused = validate_items(decoded.annotations)
    tables: dict[str, pa.RecordBatch | pa.RecordBatchReader] = {
        **flatten(accepted),
        **decoded.tables,
    }
    tables["rejections"] = _in_order(decoded.rejections, refused)
    if job.embed_images and "pictures" not in tables:
        tables["pictures"] = _embedded(job, accepted)
    counts = _counts(tables)
    counts["documents_read"] = decoded.documents_read
    counts["items_read"] = decoded.items_read
    return Receipt(
        part=job.part.name,
        # What could not be read whole is looked at again next time, changed or not: a mended
        # disk, mount or password does not show in a listing.
        fingerprint=INCOMPLETE_FINGERPRINT if failures else job.part.fingerprint,
        files=write_part(job.folder, job.part, tables),
        counts=counts,
        seconds=time.perf_counter() - started,
        peak_rss=_peak_rss(),
    )


def record_failures(documents: Iterable[Document], failures: list[str]) -> Iterator[Document]:
    """The same documents, with the names of those that could not be read put down.

    A member that is too large was not tried, and stays so while its listing does not change.
    """
    for document in documents:
        if document.data is None and document.rule != "too_large":
            failures.append(document.name)
        yield document


def picture_facts(job: PartJob, failures: list[str]) -> pa.Table:
    """What the pictures' first bytes say, or all of their bytes when they are to be verified.

    Names of pictures whose bytes could not be read are added to `failures`.
    """
    members = _of_roles(job.part.members, "picture")
    names = members["name"].to_pylist()
    digests: list[str | None] = [None] * len(names)
    facts: list[PictureFacts] = []
    if job.verify_images:
        for place, document in enumerate(
            record_failures(read_members(job.source, members), failures)
        ):
            facts.append(_not_read(document) if document.data is None else verify(document.data))
            if document.data is not None:
                digests[place] = hashlib.sha256(document.data).hexdigest()
    else:
        for head in read_heads(job.source, members, probe):
            if isinstance(head, Document):
                failures += [head.name] if head.rule != "too_large" else []
                facts.append(_not_read(head))
            else:
                facts.append(head)
    columns = list(zip(*facts, strict=True)) if facts else [()] * len(PictureFacts._fields)
    by_name = dict(zip(PictureFacts._fields, columns, strict=True))
    return pa.table(
        {
            "name": members["name"],
            **{
                name: pa.array(by_name[name], PICTURE_FACTS.field(name).type)
                for name in ("width", "height", "orientation", "format")
            },
            "byte_size": members["size"],
            "sha256": pa.array(digests, pa.string()),
            "image_status": pa.array(by_name["image_status"], pa.string()),
            "picture": pa.nulls(len(names), PICTURE),
        },
        schema=PICTURE_FACTS,
    )


def _not_read(document: Document) -> PictureFacts:
    status = "too_large" if document.rule == "too_large" else "unreadable"
    return PictureFacts(None, None, None, None, status)


def _of_roles(members: pa.Table, *roles: str) -> pa.Table:
    return members.filter(pc.is_in(members["role"], pa.array(roles)))


def _in_order(*rejections: pa.RecordBatch) -> pa.Table:
    """Rejections of all stages as one table in the order of the declared key's documents."""
    together = pa.Table.from_batches(rejections)
    keys = [("file_name", "ascending"), ("item_no", "ascending"), ("rule", "ascending")]
    return together.sort_by([*keys, ("message", "ascending")])


def _embedded(job: PartJob, accepted: pa.RecordBatch) -> pa.RecordBatchReader:
    """The bytes of every picture that can be shown, a hundred at a time, in order of image_id."""
    members = _of_roles(job.part.members, "picture")
    shown = accepted.filter(pc.equal(accepted["image_status"], "ok"))
    wanted = pa.table({"image_id": shown["image_id"], "file_name": shown["file_name"]})
    rows = members.join(wanted, "image_id", join_type="inner").sort_by("image_id")
    schema = TABLES["pictures"].schema

    def batches() -> Iterator[pa.RecordBatch]:
        for start, count in _runs(rows["size"].to_pylist()):
            some = rows.slice(start, count)
            read = [document.data for document in read_members(job.source, some)]
            if None in read:
                raise OSError(f"a picture of part {job.part.name} vanished while it was read")
            names = some["file_name"].to_pylist()
            images = [{"bytes": data, "path": name} for data, name in zip(read, names, strict=True)]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.repeat(job.part.dataset, count),
                    pa.repeat(job.part.split, count),
                    some["image_id"].combine_chunks(),
                    pa.array(images, PICTURE),
                ],
                schema=schema,
            )

    return pa.RecordBatchReader.from_batches(schema, batches())


def _runs(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each run of pictures that are held in memory together."""
    start = total = 0
    for place, size in enumerate(sizes):
        full = place - start == PICTURES_AT_ONCE or total + size > PICTURE_BYTES_AT_ONCE
        if full and place > start:
            yield start, place - start
            start, total = place, 0
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
    """Bytes of memory this process has held at most; Linux counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
