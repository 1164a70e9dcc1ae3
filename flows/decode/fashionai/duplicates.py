"""Rows of a split's tables -> one row per image; the others repeat or contradict it.

A table with points annotates images, a table without points (test.csv) lists them. The first row of
an image is kept, annotations before lists. The same record again is an `exact_duplicate`, another
record for the same image an `image_id_clash`. A listed row of an annotated image adds nothing and
is not counted; one that names another file or category is a clash. An image whose only annotations
are rejected has no row: neither its listed row nor its picture replaces them.
"""

import hashlib
from dataclasses import dataclass

from flows.decode.batch import Reason
from flows.decode.fashionai.rows import Row


@dataclass(frozen=True)
class DeduplicatedRows:
    """All rows in order, those that become images by image_id, and the number not counted."""

    rows: list[Row]
    images: dict[int, Row]
    not_counted: int

    def rejected_ids(self) -> set[int | None]:
        """Images of which only rejected rows exist."""
        return {row.image_id for row in self.rows if row.reason} - self.images.keys()


def deduplicate(rows: list[Row]) -> DeduplicatedRows:
    """Compare all rows of a split, or of one part of it, and set the reason of duplicates."""
    first_rows: dict[int | None, Row] = {}
    for row in sorted(rows, key=lambda row: row.listed):
        if row.reason is None:
            first_rows.setdefault(row.image_id, row)
    rejected_annotations = {row.image_id for row in rows if row.reason and not row.listed}
    images, not_counted = {}, 0
    for row in rows:
        if row.reason is not None or row.image_id is None:
            continue
        first = first_rows[row.image_id]
        is_same_image = (row.file_name, row.category) == (first.file_name, first.category)
        if first.listed and row.image_id in rejected_annotations:
            not_counted += 1
        elif row is first:
            images[row.image_id] = row
        elif row.listed and not first.listed and is_same_image:
            not_counted += 1
        else:
            row.reason = _duplicate(row, first, is_same_image)
    return DeduplicatedRows(rows, images, not_counted)


def _duplicate(row: Row, first: Row, is_same_image: bool) -> Reason:
    place = f"row {first.number} of {first.table}"
    if is_same_image and row.points == first.points:
        return Reason("exact_duplicate", f"row {row.number}: repeats {place}", row.line)
    message = f"row {row.number}: claims the same image with other content than {place}"
    return Reason("image_id_clash", message, row.line)


def stamps(rows: list[Row]) -> dict[tuple[str, int], str]:
    """A hash of the rows that each part takes from each table, by table and part.

    A valid row is hashed by its content, wherever it is in the table; a rejected row by its reason,
    which names the row's number.
    """
    digests: dict[tuple[str, int], hashlib._Hash] = {}
    for row in rows:
        digest = digests.setdefault((row.table, row.part), hashlib.sha256())
        if row.reason is None and row.category is not None:
            digest.update(f"{row.file_name}\n{row.category.name}\n".encode())
            digest.update(row.points.tobytes())
        else:
            digest.update("\n".join(row.reason or ()).encode())
    return {key: f"records:{digest.hexdigest()}" for key, digest in digests.items()}
