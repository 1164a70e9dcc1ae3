"""The rejections table: one row per refused document or item, and the words for reasons."""

from schemas.table import SPLIT_KEY, Table, column, dataset_column, optional, split_column

RULES = {
    "unexpected_file_name": "A file name that is not a number, or a recorded one with folders.",
    "unreadable": "The bytes could not be read, or an archive's member is damaged.",
    "too_large": "More bytes or values than any file of its kind has; it was not read.",
    "changed_while_read": "The file changed or vanished between listing and reading, twice.",
    "not_json": "The document is not JSON in UTF-8.",
    "missing_key": "A key the source documents is not there.",
    "unknown_key": "A key the source does not document; it would be lost.",
    "duplicate_key": "A key occurs twice in one object; which value counts is undecidable.",
    "wrong_type": "A value is of another type or range than the source documents.",
    "unknown_code": "A coded value outside the source's own list.",
    "item_number": "An item key that is not a number from 1, or that is used twice.",
    "unknown_category": "A category the source does not define.",
    "landmark_count": "Another number of landmarks than the category defines.",
    "odd_polygon": "A polygon with an odd number of coordinates, or without three points.",
    "non_finite": "A coordinate that is not a finite number of sensible size.",
    "inverted_box": "A box whose right or bottom edge comes before its left or top edge.",
    "bad_row": "A CSV row with another number of cells than its header.",
    "bad_cell": "A CSV cell that does not parse.",
    "exact_duplicate": "The same record again; the first one was kept.",
    "image_id_clash": "Two different records claim the same image.",
}
"""Every reason a rejection can give, the same words for all sources."""

MAX_EXCERPT = 200
MAX_MESSAGE = 500
"""Characters of a rejection's excerpt and of its message, which may quote a key of any length."""

REJECTIONS = Table(
    name="rejections",
    doc="Refused documents (item_no null) and items, each with the rule it broke and where.",
    key=("dataset", "split", "file_name", "item_no", "rule", "message"),
    partition_by=SPLIT_KEY,
    columns=(
        dataset_column(),
        split_column("Split of the refused document."),
        column(
            "file_name",
            "string",
            "The file within its source: `train/annos/000001.json`, `Annotations/train.csv`, ...",
        ),
        optional("image_id", "int64", "The image it is about; null where unknown."),
        optional(
            "item_no",
            "int16",
            "The refused item; null when the whole document, CSV row or picture was refused.",
        ),
        column(
            "rule",
            "string",
            "The rule it broke, such as `landmark_count`.",
            words=RULES,
        ),
        column(
            "message",
            "string",
            "What is wrong and where: path in the JSON, row and column, or index.",
        ),
        column("excerpt", "string", "The offending value, cut to 200 characters."),
    ),
)
