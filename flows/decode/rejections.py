"""Refusals of a part, collected and made into rows of the rejections table."""

import pyarrow as pa

from flows.decode.strict_json import Refusal
from schemas.rejections import REJECTIONS

LONGEST = 500


class Refusals:
    """What one part refuses."""

    def __init__(self, split: str) -> None:
        self._split = split
        self._rows: list[dict[str, object]] = []

    def add(
        self, file_name: str, refusal: Refusal, *, image_id: int | None, item_no: int | None = None
    ) -> None:
        """One refused document, or one refused item when `item_no` is given."""
        self._rows.append(
            {
                "dataset": "deepfashion2",
                "split": self._split,
                "file_name": file_name,
                "image_id": image_id,
                "item_no": item_no,
                "rule": refusal.rule,
                "message": refusal.message[:LONGEST],  # it may quote a key of any length
                "excerpt": refusal.excerpt,
            }
        )

    def finish(self) -> pa.RecordBatch:
        """All of them as REJECTIONS, in the order they came."""
        return pa.RecordBatch.from_pylist(self._rows, schema=REJECTIONS.schema)
