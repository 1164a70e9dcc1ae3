"""Documents broken in every way we could think of: no crash, nothing lost, nothing made up.

`WARDROBE_FUZZ=50000` mutates that many documents instead of a second's worth.
"""

import json
import os
import random
from typing import Any

import pyarrow as pa
import pytest
from builders import decoded_documents
from deepfashion2_rows import documents_of
from mutations import DOCUMENT_MUTATIONS, original_documents, swap_a_value

from flows.flatten import flatten
from flows.validate import sift

TIMES = int(os.environ.get("WARDROBE_FUZZ", "1500"))
BATCH = 50


@pytest.mark.parametrize("mutation", DOCUMENT_MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_document_is_read_right_or_refused(mutation):
    rng, sources = random.Random(mutation.__name__), original_documents()
    refused_documents = 0
    for _ in range(max(1, TIMES // len(DOCUMENT_MUTATIONS) // BATCH)):
        texts = [mutation(rng, rng.choice(sources)) for _ in range(BATCH)]
        refused_documents += check(texts)
    assert refused_documents or mutation in (swap_a_value,)


def check(texts: list[bytes]) -> int:
    """Read = written + refused, and what was written says what the text says."""
    read = decoded_documents(*texts)
    accepted, sifted = sift(read.annotations)
    tables = flatten(accepted)
    rejections = pa.Table.from_batches([read.rejections, sifted]).to_pylist()
    whole = [row["image_id"] for row in rejections if row["item_no"] is None]
    items = {(row["image_id"], row["item_no"]) for row in rejections if row["item_no"] is not None}
    assert read.documents_read == len(texts) == len(accepted) + len(set(whole))
    assert read.items_read == len(tables["items"]) + len(items)
    assert len(rejections) == len(whole) + len(items)

    back = documents_of(tables)
    assert set(back) | set(whole) == set(range(1, len(texts) + 1))
    for image_id, document in back.items():
        text = texts[image_id - 1]
        expected = json.loads(text, object_pairs_hook=once_each, parse_int=any_int)
        left = {
            key: value for key, value in expected.items() if (image_id, number(key)) not in items
        }
        assert document == left
    for batch in (accepted, *tables.values()):
        batch.validate(full=True)
    return len(whole)


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one whose keys repeat equals no document that was read."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {"repeated": pairs}


def any_int(digits: str) -> float:
    """Python refuses to read integers of thousands of digits."""
    return int(digits) if len(digits) < 4000 else float(digits)


def number(key: str) -> int | None:
    return int(key[4:]) if key.startswith("item") else None
