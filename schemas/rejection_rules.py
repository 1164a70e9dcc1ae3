"""The rules for documents and items: what breaks each, and what to do."""

from typing import NamedTuple


class Rule(NamedTuple):
    """What a refused document or item did, and what its owner can do about it: sentences."""

    meaning: str
    action: str


RULES = {
    "unexpected_file_name": Rule(
        "A file name that is not a number, or a recorded one with folders.",
        "Rename the file as the source names its files, or remove it from the folder.",
    ),
    "unreadable": Rule(
        "The bytes could not be read, or an archive's member is damaged.",
        "Check the file's permissions, the archive (`unzip -t`) and its password.",
    ),
    "too_large": Rule(
        "More bytes or values than any file of its kind has; it was not read.",
        "Look at what the file is: annotations and pictures of these sources are far smaller.",
    ),
    "changed_while_read": Rule(
        "The file changed or vanished between listing and reading, twice.",
        "Ingest again when no program writes to the source.",
    ),
    "not_json": Rule(
        "The document is not JSON in UTF-8.",
        "Download the file again if it is cut; save it as UTF-8 without a byte order mark.",
    ),
    "missing_key": Rule(
        "A key the source documents is not there.",
        "Download the file again; if every document lacks the key, the edition differs.",
    ),
    "unknown_key": Rule(
        "A key the source does not document; it would be lost.",
        "Remove the key from the document, or extend the decoder and the tables by it.",
    ),
    "duplicate_key": Rule(
        "A key occurs twice in one object; which value counts is undecidable.",
        "Remove the wrong one of the two values from the document.",
    ),
    "wrong_type": Rule(
        "A value is of another type or range than the source documents.",
        "Correct the value at the path of the message, as the source documents its type.",
    ),
    "unknown_code": Rule(
        "A coded value outside the source's own list.",
        "Correct the code; a new code of a new edition belongs into `schemas/vocabulary.py`.",
    ),
    "item_number": Rule(
        "An item key that is not a number from 1, or that is used twice.",
        "Number the items of the document `item1`, `item2`, ...; each number once.",
    ),
    "unknown_category": Rule(
        "A category the source does not define.",
        "Correct the category; a new one belongs into `schemas/category_lists.py`.",
    ),
    "landmark_count": Rule(
        "Another number of landmarks than the category defines.",
        "Compare category and landmarks of the item: one of the two is wrong.",
    ),
    "odd_polygon": Rule(
        "A polygon with an odd number of coordinates, or without three points.",
        "Complete the polygon (x and y of three points or more), or remove it.",
    ),
    "non_finite": Rule(
        "A coordinate that is not a finite number of sensible size.",
        "Correct the coordinate: a division by zero or an overflow wrote it.",
    ),
    "inverted_box": Rule(
        "A box whose right or bottom edge comes before its left or top edge.",
        "Exchange the edges if the box was written as x2, y2, x1, y1; else draw it again.",
    ),
    "bad_row": Rule(
        "A CSV row with another number of cells than its header.",
        "Look for an unquoted comma or a cut line at the row of the message.",
    ),
    "bad_cell": Rule(
        "A CSV cell that does not parse.",
        "Correct the cell at the row and column of the message.",
    ),
    "exact_duplicate": Rule(
        "The same record again; the first one was kept.",
        "Nothing: the tables have the record once.",
    ),
    "image_id_clash": Rule(
        "Two different records claim the same image.",
        "Keep one of the two records, and remove the other one from the source.",
    ),
}
"""Every reason a rejection can give, the same words for all sources."""
