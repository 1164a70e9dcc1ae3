"""Documents broken in every way we could think of: no crash, nothing lost, nothing made up.

`WARDROBE_FUZZ=50000` mutates that many documents instead of a second's worth.
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from annotated_split import made_up_documents
from builders import decoded_documents
from deepfashion2_rows import documents_of

from flows.flatten import flatten
from flows.validate import sift

TIMES = int(os.environ.get("WARDROBE_FUZZ", "1500"))
BATCH = 50

JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, -0.0, 10**6 + 1, 2**31, 2**63, 10**30, 1e308, float("nan"),
    float("inf"), "", "user", "2", "\ud800", "\0", [], {}, [[]], [None], {"x": 1}, [[1, 2, 3, 4]],
]  # fmt: skip


def flip_a_bit(rng: random.Random, text: bytes) -> bytes:
    data = bytearray(text)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def cut_out(rng: random.Random, text: bytes) -> bytes:
    start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    return rng.choice((text[:start], text[end:], text[:start] + text[end:]))


def insert(rng: random.Random, text: bytes) -> bytes:
    pieces = [b'"', b"\\", b",", b"]", b"}", b"1e999", b"NaN", b"-Infinity", b"9" * 5000, b"\xff",
              b"\xef\xbb\xbf", b"\0", b"[" * 3000, b'{"a":' * 3000, b"\\ud800", b" "]  # fmt: skip
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(pieces) + text[at:]


def swap_a_value(rng: random.Random, text: bytes) -> bytes:
    document = json.loads(text)
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = rng.choice(keys)
        if isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8:
            holder = holder[key]
            continue
        holder[key] = rng.choice(JUNK)
        return json.dumps(document).encode()


def change_a_key(rng: random.Random, text: bytes) -> bytes:
    keys = [b'"item1"', b'"source"', b'"pair_id"', b'"style"', b'"landmarks"', b'"scale"']
    others = [*keys, b'"item0"', b'"itemX"', b'"item007"', b'"item99999"', b'""', b'"st\\u0079le"']
    return text.replace(rng.choice(keys), rng.choice(others), rng.choice((1, -1)))


def repeat_a_key(rng: random.Random, text: bytes) -> bytes:
    key = rng.choice((b'"style"', b'"source"', b'"item1"', b'"scale"'))
    return text.replace(key, key + rng.choice((b": 1, ", b' : "user", ', b": {}, ")) + key)


def nest_deeply(rng: random.Random, text: bytes) -> bytes:
    depth = rng.choice((10, 500, 990, 1100, 50_000))
    return text.replace(b"[", b"[" * depth, 1).replace(b"]", b"]" * depth, 1)


def encode_otherwise(rng: random.Random, text: bytes) -> bytes:
    return text.decode().replace("t", "ü").encode(rng.choice(("latin-1", "utf-16", "utf-8-sig")))


MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [
    flip_a_bit, cut_out, insert, swap_a_value, change_a_key, repeat_a_key, nest_deeply,
    encode_otherwise,
]  # fmt: skip


def originals() -> list[bytes]:
    documents = made_up_documents(seed=5, images=40).values()
    kept = [{k: v for k, v in one.items() if k not in ("width", "height")} for one in documents]
    return [json.dumps(one).encode() for one in kept if any(key.startswith("item") for key in one)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_document_is_read_right_or_refused(mutation):
    rng, sources = random.Random(mutation.__name__), originals()
    refused_documents = 0
    for _ in range(max(1, TIMES // len(MUTATIONS) // BATCH)):
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
