"""Sources broken in every way we could think of, from a seed: documents, CSV rows, archives."""

import json
import random
from collections.abc import Callable
from typing import Any

from builders import made_up_documents

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


def random_value(rng: random.Random, document: Any) -> tuple[Any, Any]:
    """The object or list that holds some value of a JSON document, and the value's key in it."""
    holder = document
    while True:
        key = rng.choice(list(holder) if isinstance(holder, dict) else list(range(len(holder))))
        if not (isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8):
            return holder, key
        holder = holder[key]


def swap_a_value(rng: random.Random, text: bytes) -> bytes:
    document = json.loads(text)
    holder, key = random_value(rng, document)
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


DOCUMENT_MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [
    flip_a_bit, cut_out, insert, swap_a_value, change_a_key, repeat_a_key, nest_deeply,
    encode_otherwise,
]  # fmt: skip


def original_documents() -> list[bytes]:
    """Sound documents with items, to be broken."""
    documents = made_up_documents(seed=5, images=40).values()
    kept = [{k: v for k, v in one.items() if k not in ("width", "height")} for one in documents]
    return [json.dumps(one).encode() for one in kept if any(key.startswith("item") for key in one)]


PIECES = (
    b"",
    b",",
    b"\n",
    b"\r",
    b'"',
    b"\0",
    b"_",
    b"-",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"nan_inf_1",
    b"1e9_1_1",
    b"9" * 25 + b"_1_1",
    b"-1_-1_-1",
    b"5_6_1",
    b"5_6_7",
    b"Images/skirt/" + b"a" * 32 + b".jpg",
    b"skirt",
    b"\xd9\xa1_\xd9\xa2_1",  # digits, but not of ASCII
    b" ",
    b"," * 40,
    b"x" * 5000,
)


def mutated_table(data: bytes, rng: random.Random) -> bytes:
    """Bits flipped, bytes cut out, cells replaced, lines doubled or swapped, a few times over."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        place = rng.randrange(len(content) + 1)
        choice = rng.random()
        if choice < 0.3 and place < len(content):
            content[place] ^= 1 << rng.randrange(8)
        elif choice < 0.5:
            del content[place : place + rng.choice((1, 1, 3, 40, 2000))]
        elif choice < 0.8:
            content[place:place] = rng.choice(PIECES)
        else:
            lines = bytes(content).split(b"\n")
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            content = bytearray(b"\n".join(lines))
    return bytes(content)


def mutated_archive(data: bytes, rng: random.Random) -> bytes:
    """An IDX file or its archive: bits flipped, cut off, cut out, put in; often in its header."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = rng.randrange(len(content) + 1) if rng.random() < 0.6 else rng.randrange(17)
        choice = rng.random()
        if choice < 0.5 and place < len(content):
            content[place] ^= 1 << rng.randrange(8)
        elif choice < 0.7:
            del content[place:]
        elif choice < 0.85:
            del content[place : place + rng.choice((1, 4, 100))]
        else:
            content[place:place] = rng.randbytes(rng.choice((1, 4, 784)))
    return bytes(content)
