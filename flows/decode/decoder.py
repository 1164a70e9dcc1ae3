"""What a decoder is: how a source is arranged into parts, and how a part's bytes become rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from schemas.source import Document

ReadMember = Callable[[str], bytes]


@dataclass(frozen=True)
class Arrangement:
    """A source sorted into parts: `members` as schemas.source.ARRANGED, and names left alone.

    `pictures` says by split where pictures lie, as a format string with `{file_name}` (other braces
    doubled), when this source shows it better than Decoder.picture_path can know. `notes` are
    sentences for people.
    """

    members: pa.Table
    ignored: tuple[str, ...] = ()
    pictures: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartInput:
    """Everything decode may know of a part: names, bytes and picture facts; no paths, no clock."""

    split: str
    members: pa.Table  # ARRANGED, the rows of this part
    documents: Iterable[Document]  # roles document, table and side, in the order of `members`
    pictures: pa.Table  # PICTURE_FACTS, role picture, in the order of `members`


@dataclass(frozen=True)
class Decoded:
    """A part as rows: the nested batch, what was refused, and how much was read.

    documents_read = rows of `annotations` + rejections without item_no;
    items_read = items in `annotations` + rejections with item_no.
    `tables` holds finished rows of other declared tables (the authors' own lists).
    """

    annotations: pa.RecordBatch
    rejections: pa.RecordBatch
    documents_read: int
    items_read: int
    tables: dict[str, pa.RecordBatch] = field(default_factory=dict)


@dataclass(frozen=True)
class Decoder:
    """One source: its name, its splits, and the two functions that know its layout and its codes.

    `arrange(members, split, read)` sorts a listing (schemas.source.MEMBERS) into parts; `split`
    overrides what file names say; `read` fetches a whole member and is called for tables only.
    It raises InputError when the listing is no such source. `decode(part)` is pure.
    `picture_path(split)` is the member name of a picture, with `{file_name}` to be filled in.
    `version` is the DECODER_VERSION of its folder: raise it when the same source gives other rows
    or parts.
    """

    dataset: str
    version: int
    splits: tuple[str, ...]
    arrange: Callable[[pa.Table, str | None, ReadMember], Arrangement]
    decode: Callable[[PartInput], Decoded]
    picture_path: Callable[[str], str]
