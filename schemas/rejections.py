"""The rejections table: one row per refused document or item."""

from schemas.rejection_rules import RULES
from schemas.table import SPLIT_KEY, Table, column, dataset_column, optional, split_column

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
