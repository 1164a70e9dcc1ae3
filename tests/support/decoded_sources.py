"""A source made of names and bytes, arranged and decoded part by part without any storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Arrangement, Decoded, Decoder, PartInput
from schemas.source import MEMBERS, PICTURE_FACTS, Document

Files = Mapping[str, bytes]


@dataclass
class Source:
    """What a whole source decoded to: parts, images and rejections as rows, and the counts."""

    arranged: Arrangement
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


def listing(files: Files) -> pa.Table:
    """The members as storage lists them."""
    names = sorted(files)
    sizes = [len(files[name]) for name in names]
    return pa.table({"name": names, "size": sizes, "stamp": ["1"] * len(names)}, schema=MEMBERS)


def decode_source(decoder: Decoder, files: Files, split: str | None = None) -> Source:
    """Arrange and decode every part; checks that nothing is lost and the batches are sound."""
    source = Source(decoder.arrange(listing(files), split, files.__getitem__))
    members = source.arranged.members
    members.validate(full=True)
    for key in members.group_by(["split", "part"], use_threads=False).aggregate([]).to_pylist():
        mine = pc.and_(
            pc.equal(members["split"], key["split"]), pc.equal(members["part"], key["part"])
        )
        part = part_input(members.filter(mine), files)
        decoded = decoder.decode(part)
        decoded.annotations.validate(full=True)
        decoded.rejections.validate(full=True)
        source.parts.append(decoded)
    nothing_is_lost(source)
    return source


def part_input(members: pa.Table, files: Files) -> PartInput:
    """What the pipeline would hand to decode for these members."""
    is_read = pc.is_in(members["role"], pa.array(["document", "table", "side"]))
    names = members.filter(is_read)["name"].to_pylist()
    pictures = members.filter(pc.equal(members["role"], "picture"))
    count = pictures.num_rows
    facts = pa.table(
        {
            "name": pictures["name"],
            "width": pa.repeat(512, count),
            "height": pa.repeat(384, count),
            "orientation": pa.nulls(count),
            "format": pa.repeat("jpeg", count),
            "byte_size": pictures["size"],
            "sha256": pa.nulls(count),
            "image_status": pa.repeat("ok", count),
            "picture": pa.nulls(count),
        }
    ).cast(PICTURE_FACTS)
    documents = (Document(name, files[name]) for name in names)
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
    refusals = [
        (row["split"], row["file_name"], row["rule"], row["message"]) for row in source.rejections
    ]
    assert len(refusals) == len(set(refusals))
