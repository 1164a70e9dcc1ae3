"""The build of one part: read, decode, validate, flatten and write it, in any process."""

import hashlib
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode import DECODERS, PartInput
from flows.flatten import flatten
from flows.lake import Part, write_part
from flows.pictures import PictureFacts, header_facts, probe, verify
from flows.release import Receipt
from flows.storage import Location, read_heads, read_members
from flows.validate import validate_items
from schemas import TABLES
from schemas.annotation import PICTURE
from schemas.errors import InputError
from schemas.source import PICTURE_FACTS, Document

Answer = TypeVar("Answer")

PICTURES_AT_ONCE = 100
"""Embedded pictures held in memory together; also a row group, as Hugging Face sizes it."""

PICTURE_BYTES_AT_ONCE = 64 << 20
"""Their bytes together, unless a single picture has more."""

SMALL = 4_000
"""Images that this process builds sooner than the processes of a pool start."""

WHOLE_PICTURE = 20
"""How many images take as long as one whose picture is read whole, to verify or embed it."""

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

    @property
    def reads_pictures(self) -> bool:
        """Whether pictures are read whole, not only their first bytes."""
        return self.verify_images or self.embed_images


def is_small(jobs: Sequence[PartJob]) -> bool:
    """Whether one process builds these parts sooner than several."""
    images = (job.part.rows * (WHOLE_PICTURE if job.reads_pictures else 1) for job in jobs)
    return len(jobs) <= 1 or sum(images) <= SMALL


RunParts = Callable[[Callable[[PartJob], Receipt], Sequence[PartJob]], Iterable[Receipt]]
"""Runs the parts: takes a function and jobs, yields receipts in any order."""


def build_part(job: PartJob) -> Receipt:
    """Read, decode, validate, flatten and write one part. Runs in any process.

    Raises OSError when the source as a whole cannot be read and InputError where this machine does
    not see the staging folder; everything else that is wrong with the bytes becomes a rejection. A
    larger part is built in steps of PART_SIZE image numbers.
    """
    started = time.perf_counter()
    part = job.part
    if not job.folder.is_dir():
        raise InputError(
            f"{socket.gethostname()} has no folder {job.folder}: lake and source have to be on a "
            "file system that all machines of the cluster share, under the same path"
        )
    failures: list[str] = []
    counts: Counter[str] = Counter()
    files = write_part(job.folder, part, _steps(job, failures, counts))
    return Receipt(
        part=part.name,
        # A part that could not be read whole is read again by the next run, changed or not: a
        # repaired disk, mount or password does not show in a listing.
        fingerprint=INCOMPLETE_FINGERPRINT if failures else part.fingerprint,
        files=files,
        counts=dict(counts),
        seconds=time.perf_counter() - started,
        peak_rss=_peak_rss(),
    )


def _steps(
    job: PartJob, failures: list[str], counts: "Counter[str]"
) -> Iterator[dict[str, pa.RecordBatch | pa.RecordBatchReader]]:
    """The tables of each step of a part; adds to `counts` and the names of unread members."""
    part, all_members = job.part, job.part.read_members()
    for number in pc.unique(all_members["part"]).to_pylist():
        members = all_members.filter(pc.equal(all_members["part"], number))
        documents = read_members(job.source, _with_roles(members, "document", "table", "side"))
        with TemporaryFile(dir=job.folder) as file:
            spool = PictureSpool(file)
            decoded = DECODERS[part.dataset].decode(
                PartInput(
                    split=part.split,
                    members=members,
                    documents=record_failures(documents, failures),
                    pictures=picture_facts(job, members, failures, spool),
                )
            )
            accepted, item_rejections = validate_items(decoded.annotations)
            tables: dict[str, pa.RecordBatch | pa.RecordBatchReader] = {
                **flatten(accepted),
                **decoded.tables,
                "rejections": _sorted_rejections(decoded.rejections, item_rejections),
            }
            if job.embed_images and "pictures" not in tables:
                tables["pictures"] = _embedded_pictures(part, members, accepted, spool)
            counts.update(
                **_counts(tables),
                documents_read=decoded.documents_read,
                items_read=decoded.items_read,
            )
            yield tables


class PictureSpool:
    """Picture files in one temporary file, until validation has decided which are embedded."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}

    def add(self, name: str, data: bytes) -> None:
        """Append the bytes of a member."""
        self._places[name] = (self._file.tell(), len(data))
        self._file.write(data)

    def read(self, name: str) -> bytes:
        """The bytes of a member that was added."""
        start, size = self._places[name]
        self._file.seek(start)
        return self._file.read(size)


def record_failures(answers: Iterable[Answer], failures: list[str]) -> Iterator[Answer]:
    """Yield the answers and add the names of members that could not be read to `failures`.

    A member that is too large is not a failure: to read it again does not help.
    """
    for answer in answers:
        if isinstance(answer, Document) and answer.data is None and answer.rule != "too_large":
            failures.append(answer.name)
        yield answer


def picture_facts(
    job: PartJob, part_members: pa.Table, failures: list[str], spool: PictureSpool
) -> pa.Table:
    """PICTURE_FACTS from the first bytes of each picture; from all bytes to verify or embed it.

    With `embed_images`, pictures that can be embedded are added to the spool. Names of pictures
    that could not be read are added to `failures`.
    """
    members = _with_roles(part_members, "picture")
    answers: Iterator[PictureFacts | Document] = (
        read_members(job.source, members)
        if job.reads_pictures
        else read_heads(job.source, members, probe)
    )
    rows = []
    for answer in record_failures(answers, failures):
        sha256 = None
        if isinstance(answer, PictureFacts):
            facts = answer
        elif answer.data is None:
            status = "too_large" if answer.rule == "too_large" else "unreadable"
            facts = PictureFacts(None, None, None, None, status)
        else:
            facts = verify(answer.data) if job.verify_images else header_facts(answer.data)
            sha256 = hashlib.sha256(answer.data).hexdigest() if job.verify_images else None
            if job.embed_images and facts.image_status == "ok":
                spool.add(answer.name, answer.data)
        rows.append({**facts._asdict(), "sha256": sha256})
    listed = zip(members["name"].to_pylist(), members["size"].to_pylist(), rows, strict=True)
    return pa.Table.from_pylist(
        [{"name": name, "byte_size": size, **row} for name, size, row in listed],
        schema=PICTURE_FACTS,
    )


def _with_roles(members: pa.Table, *roles: str) -> pa.Table:
    return members.filter(pc.is_in(members["role"], pa.array(roles)))


def _sorted_rejections(*rejections: pa.RecordBatch) -> pa.Table:
    """The rejections of decoder and validation as one table, sorted by document and item."""
    keys = ("file_name", "item_no", "rule", "message")
    return pa.Table.from_batches(rejections).sort_by([(key, "ascending") for key in keys])


def _embedded_pictures(
    part: Part, members: pa.Table, accepted: pa.RecordBatch, spool: PictureSpool
) -> pa.RecordBatchReader:
    """The bytes of every picture that can be decoded, a hundred at a time, by image_id."""
    pictures = _with_roles(members, "picture")
    decodable = accepted.filter(pc.field("image_status") == "ok").select(["image_id", "file_name"])
    names = pa.Table.from_batches([decodable])
    rows = pictures.join(names, "image_id", join_type="inner").sort_by("image_id")
    schema = TABLES["pictures"].schema

    def batches() -> Iterator[pa.RecordBatch]:
        for start, count in _runs(rows["size"].to_pylist()):
            batch = rows.slice(start, count)
            named = zip(batch["name"].to_pylist(), batch["file_name"].to_pylist(), strict=True)
            images = [{"bytes": spool.read(member), "path": name} for member, name in named]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.repeat(part.dataset, count),
                    pa.repeat(part.split, count),
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
    import resource  # Windows has none; reading imports this module, and only writing calls this

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
