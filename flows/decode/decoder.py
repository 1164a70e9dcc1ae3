"""The decoder contract: how a source is arranged into parts, and a part's bytes become rows.

What every decoder does, so that tables of all data sets mean the same:

- A picture without a file is not rejected: its image has `image_status` `missing`. A picture
  without an annotation is an image with `annotated` false and no items.
- An image whose annotation is rejected has no row, even when its picture exists.
- Every image has a split, because `arrange` gives each part one. A source that does not tell the
  split raises InputError with the advice to use --split; a file without one is `ignored`.
- A key or column that the source does not document is rejected (`unknown_key`), or InputError when
  it concerns a whole table: nothing is dropped silently. The same holds for unknown codes,
  categories and types.
- A document that storage could not read (`data` None) is rejected with its rule and message. A
  table that many parts share raises InputError instead: no part is published without its rows.
- A file in the place of a picture or document, but with a name that cannot be one, has the role
  `unexpected` and is rejected. Files outside these places have the role `ignored`.

A decoder is a folder: `__init__` with `decode` and the Decoder, `layout` with `arrange`, and what
the format needs. Its accepted and refused files are in tests/cases/<data set>/.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from schemas.errors import InputError
from schemas.source import ARRANGED, MEMBERS, Document

ReadMember = Callable[[str], bytes]

LITTER = r"(^|/)(\.|__MACOSX/|(?i:thumbs\.db|desktop\.ini)$)"
"""Names of files that file managers and archivers leave in a folder."""

SIZE_NOT_COMPARED = -1
"""The size of a table's share in ARRANGED: decode compares its stamp, so storage need not."""


@dataclass(frozen=True)
class Arrangement:
    """A source sorted into parts: `members` as tables of schemas.source.ARRANGED, in any order.

    They are read once, and each table of a very large source is made when it is read. Ignored
    members are among them. `pictures` holds the member name of a picture by split, as a format
    string with `{file_name}` (other braces doubled), where Decoder.picture_path does not. `notes`
    are sentences for users.
    """

    members: Iterable[pa.Table]
    pictures: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartInput:
    """All that decode may use of a part: names, bytes and picture facts; no paths, no clock.

    A part of the smallest size: those in a larger part are decoded one after another.
    """

    split: str
    members: pa.Table  # ARRANGED, the rows of this part
    documents: Iterable[Document]  # roles document, table and side, in the order of `members`
    pictures: pa.Table  # PICTURE_FACTS, role picture, in the order of `members`


@dataclass(frozen=True)
class Decoded:
    """A part as rows: the nested batch, the rejections, and how much was read.

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
    """One data set: its name, and the two functions that know its layout and codes.

    `arrange(members, split, read)` sorts a listing into parts: tables of schemas.source.MEMBERS
    that can be read again, in any order; `whole_listing` joins those of a small source. `split`,
    one of the data set's, restricts the source to it or names the split of a source that holds only
    one; `read` fetches a whole member and is called for tables only. It raises InputError when the
    listing is not such a source. `decode(part)` is pure.
    `picture_path` is the usual member name of a picture, a format string with `{split}` and
    `{file_name}`.
    `version` is the DECODER_VERSION of its folder: raise it when the same source gives other rows
    or parts.
    """

    dataset: str
    version: int
    arrange: Callable[[Iterable[pa.Table], str | None, ReadMember], Arrangement]
    decode: Callable[[PartInput], Decoded]
    picture_path: str = "{file_name}"


def whole_listing(members: Iterable[pa.Table]) -> pa.Table:
    """All members in one table, sorted by name."""
    return pa.concat_tables([MEMBERS.empty_table(), *members]).sort_by("name").combine_chunks()


def ignored_rows(members: pa.Table) -> pa.Table:
    """Members that are not part of the data set, as rows of ARRANGED."""
    columns = {name: members[name] for name in MEMBERS.names}
    columns["role"] = pa.repeat("ignored", len(members))
    absent = (pa.nulls(len(members), field.type) for field in ARRANGED)
    arrays = [columns.get(name, nulls) for name, nulls in zip(ARRANGED.names, absent, strict=True)]
    return pa.table(arrays, schema=ARRANGED)


def require_data(document: Document) -> bytes:
    """The bytes of a table that all parts share; raises InputError when it could not be read."""
    if document.data is None:
        raise InputError(
            f"{document.name} cannot be read: {document.message}; run again when it can"
        )
    return document.data
