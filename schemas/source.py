"""What travels between storage, decode and plan: members of a source, documents, picture facts."""

from typing import NamedTuple

import pyarrow as pa

from schemas.annotation import PICTURE

MEMBERS = pa.schema(
    [
        ("name", pa.large_string()),  # within the source, with `/`: `train/annos/000001.json`
        ("size", pa.int64()),
        ("stamp", pa.large_string()),  # changes when the bytes may have: mtime_ns, CRC, etag
    ]
)
"""A source as storage lists it. Large strings, because all names of one take over 2^31 bytes."""

ARRANGED = pa.schema(
    [
        ("split", pa.string()),  # null for ignored files
        ("part", pa.int32()),  # null for ignored files
        ("role", pa.string()),
        ("image_id", pa.int64()),  # null for tables, side files, unexpected and ignored ones
        *MEMBERS,
    ]
)
"""Members as a decoder arranges them: which part of which split each belongs to.

`part` counts parts of the smallest size (PART_SIZE): a larger part holds 2^k consecutive ones.

The `role` is `document` for one image's annotation, `picture` for an image file, `table` for a file
that holds many records, `side` for a list or information file that is not an annotation,
`unexpected` for a file that is rejected, `ignored` for one that is not part of the data set. Of
several documents or pictures of one image the plan keeps the first by name; the others become
`unexpected` and keep their image_id.

A member that several parts need (a CSV, an information file) has a row for each of them. The
`stamp` of a table is a hash of the records that part takes from it, so that a part is rebuilt only
for its own records.
"""

PICTURE_FACTS = pa.schema(
    [
        ("name", pa.string()),  # the member
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("orientation", pa.int16()),
        ("format", pa.string()),
        ("byte_size", pa.int64()),
        ("sha256", pa.string()),  # null unless verified
        ("image_status", pa.string()),
        ("picture", PICTURE),  # null unless the bytes are to be embedded
    ]
)
"""What the bytes of each picture of a part say, in the order of the members."""


class Document(NamedTuple):
    """One member's bytes, or why there are none: a rule of schemas.rejections and a sentence."""

    name: str
    data: bytes | None
    rule: str | None = None
    message: str | None = None
