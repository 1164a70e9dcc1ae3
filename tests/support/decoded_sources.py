"""A source made of names and bytes, arranged and decoded part by part without any storage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Decoded, Decoder, PartInput, ReadMember
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.lake.part_members import in_order
from schemas.source import ARRANGED, MEMBERS, PICTURE_FACTS, Document

Files = Mapping[str, bytes | Document]
"""Contents by member name; a Document is one that storage could not read."""


@dataclass(frozen=True)
class Arranged:
    """An arrangement as the plan sees it: members in order, the names of ignored ones apart."""

    members: pa.Table
    ignored: tuple[str, ...]
    pictures: dict[str, str]
    notes: tuple[str, ...]


@dataclass
class Source:
    """What a whole source decoded to: parts, images and rejections as rows, and the counts."""

    arranged: Arranged
    parts: list[Decoded] = field(default_factory=list)

    @cached_property
    def images(self) -> list[dict]:
        return [row for part in self.parts for row in part.annotations.to_pylist()]

    @cached_property
    def rejections(self) -> list[dict]:
        return [row for part in self.parts for row in part.rejections.to_pylist()]

    @property
    def rules(self) -> list[str]:
        return sorted(row["rule"] for row in self.rejections)

    @property
    def documents_read(self) -> int:
        return sum(part.documents_read for part in self.parts)

    @property
    def items_read(self) -> int:
        return sum(part.items_read for part in self.parts)


def listing(names: Iterable[str], sizes: Mapping[str, int] | None = None) -> pa.Table:
    """The members as storage lists them; sizes are 1 unless given."""
    rows = [
        {"name": name, "size": (sizes or {}).get(name, 1), "stamp": "1"} for name in sorted(names)
    ]
    return pa.Table.from_pylist(rows, schema=MEMBERS)


def arranged(
    decoder: Decoder, tables: Sequence[pa.Table], split: str | None, read: ReadMember
) -> Arranged:
    """Arrange a listing, read every table of the arrangement and put the members in order."""
    arrangement = decoder.arrange(tables, split, read)
    rows = pa.concat_tables([ARRANGED.empty_table(), *arrangement.members])
    is_ignored = pc.equal(rows["role"], "ignored")
    ignored = rows.filter(is_ignored)["name"].to_pylist()
    ordered = in_order(rows.filter(pc.invert(is_ignored)))
    return Arranged(ordered, tuple(sorted(ignored)), arrangement.pictures, arrangement.notes)


def arrange(decoder: Decoder, *names: str, split: str | None = None) -> Arranged:
    """Arrange members of those names; AssertionError when the decoder opens one."""

    def never_read(name: str) -> bytes:
        raise AssertionError(f"{name} was opened while arranging")

    return arranged(decoder, [listing(names)], split, never_read)


def decode_source(decoder: Decoder, files: Files, split: str | None = None) -> Source:
    """Arrange and decode every part; checks that nothing is lost and the batches are sound."""
    sizes = {name: len(data) for name, data in files.items() if isinstance(data, bytes)}
    source = Source(arranged(decoder, [listing(files, sizes)], split, files.__getitem__))
    members = source.arranged.members
    members.validate(full=True)
    for key in members.group_by(["split", "part"], use_threads=False).aggregate([]).to_pylist():
        own = pc.and_(
            pc.equal(members["split"], key["split"]), pc.equal(members["part"], key["part"])
        )
        decoded = decoder.decode(part_input(members.filter(own), files))
        decoded.annotations.validate(full=True)
        decoded.rejections.validate(full=True)
        source.parts.append(decoded)
    nothing_is_lost(source)
    return source


def decode_documents(*documents: bytes) -> Decoded:
    """Decode DeepFashion2 documents as train images 1, 2, 3, ... of one part."""
    files = {f"train/annos/{number:06}.json": data for number, data in enumerate(documents, 1)}
    (part,) = decode_source(DEEPFASHION2, files).parts
    return part


def part_input(members: pa.Table, files: Files) -> PartInput:
    """What the pipeline would hand to decode for these members."""
    is_read = pc.is_in(members["role"], pa.array(["document", "table", "side"]))
    names = members.filter(is_read)["name"].to_pylist()
    pictures = members.filter(pc.equal(members["role"], "picture"))
    rows = [
        {"name": row["name"], "width": 512, "height": 384, "format": "jpeg", "image_status": "ok"}
        | {"byte_size": row["size"]}
        for row in pictures.to_pylist()
    ]
    facts = pa.Table.from_pylist(rows, schema=PICTURE_FACTS)
    contents = ((name, files[name]) for name in names)
    documents = (
        data if isinstance(data, Document) else Document(name, data) for name, data in contents
    )
    return PartInput(members["split"][0].as_py(), members, documents, facts)


def nothing_is_lost(source: Source) -> None:
    """Read = written + refused, for documents and items, in every part; keys are unique."""
    for part in source.parts:
        refused_items = len(part.rejections) - part.rejections["item_no"].null_count
        refused = part.rejections["item_no"].null_count
        assert part.documents_read == len(part.annotations) + refused
        assert part.items_read == len(part.annotations["items"].flatten()) + refused_items
    keys = pa.concat_tables(
        pa.Table.from_batches([part.annotations]).select(["split", "image_id"])
        for part in source.parts
    )
    assert keys.group_by(["split", "image_id"]).aggregate([]).num_rows == keys.num_rows
    refusals = [tuple(row.values()) for row in source.rejections]
    assert len(refusals) == len(set(refusals))
