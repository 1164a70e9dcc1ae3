"""JSON taken at its word: where it breaks a promise, which key stands twice, what stood there."""

import json
import re
from typing import NamedTuple

import msgspec
import numpy as np

EXCERPT = 200
MOST_NESTED = 64

_TOO_DEEP = "is nested too deeply to be an annotation"
_QUOTE = ord('"')
_STEPS = np.zeros(256, np.int8)  # how each byte outside of strings changes the depth
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_STRUCTURE = _STEPS != 0
_STRUCTURE[_QUOTE] = True

_AT = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD = re.compile(r"field `(.*?)`", re.DOTALL)


class Refusal(NamedTuple):
    """Why something is refused: a rule of schemas.rejections, a sentence, what stood there."""

    rule: str
    message: str
    excerpt: str = ""


class _Repeats(Exception):
    """Some object holds a key twice."""


class _Pairs(list[tuple[str, object]]):
    """The keys and values of one JSON object as they stand, repeated keys included."""


def not_json(data: bytes) -> Refusal | None:
    """Why the bytes are no JSON in UTF-8; None when they are."""
    start = cut(data)
    if data.startswith(b"\xef\xbb\xbf"):
        return Refusal("not_json", "starts with a byte order mark; save it as plain UTF-8", start)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Refusal("not_json", "is UTF-16, not UTF-8", start)
    try:
        data.decode()
        msgspec.json.decode(data, type=msgspec.Raw)
    except UnicodeDecodeError as error:
        return Refusal("not_json", f"is not UTF-8 at byte {error.start}", start)
    except msgspec.DecodeError as error:
        return Refusal("not_json", f"is no JSON: {_lower(str(error))}", start)
    except RecursionError:
        return Refusal("not_json", _TOO_DEEP, start)
    return None


def too_many_values(data: bytes, most: int) -> Refusal | None:
    """A refusal for JSON that may hold more than `most` values; None for others.

    A parser's objects take up to a hundred bytes for a value of two, so it is the number of values
    that bounds its memory. Counted by commas and brackets, those within strings included.
    """
    if len(data) <= most:
        return None
    count = data.count(b",") + data.count(b"[") + data.count(b"{")
    if count <= most:
        return None
    text = f"has {count:,} commas and opening brackets, more than the {most:,} that are read"
    return Refusal("too_large", text, cut(data))


def nested_deeply(data: bytes) -> Refusal | None:
    """A refusal for JSON nested beyond anything a source means; None for ordinary nesting.

    Looked at before anything is parsed: when Python gives up depends on how deep its own stack
    stands, and the same document must give the same row in every process.
    """
    if data.count(b"[") + data.count(b"{") <= MOST_NESTED:
        return None
    # Without escapes every quote begins or ends a string.
    codes = np.frombuffer(data.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
    codes = codes[_STRUCTURE[codes]]
    inside = np.logical_xor.accumulate(codes == _QUOTE)
    codes = codes[~inside]
    if _STEPS[codes].cumsum(dtype=np.int32).max(initial=0) <= MOST_NESTED:
        return None
    return Refusal("not_json", _TOO_DEEP, cut(data))


def broken_promise(error: msgspec.ValidationError, raw: bytes, where: str) -> Refusal:
    """A msgspec error on the value `raw`, which stands at the path `where`, as a refusal."""
    matched = _AT.match(str(error))
    text, path = (matched[1], matched[2] or "") if matched else (str(error), "")
    rule = "wrong_type"
    if text.startswith("Object missing"):
        rule = "missing_key"
    elif text.startswith("Object contains unknown"):
        rule = "unknown_key"
        path += f".{field[1]}" if (field := _FIELD.search(text)) else ""
    elif text.startswith("Number out of range"):
        rule = "non_finite"
    return Refusal(rule, f"`{where}{path}`: {_lower(text)}", excerpt_at(raw, path))


def repeated_key(raw: bytes) -> tuple[str | int, ...] | None:
    """The path within `raw`, JSON already, of a key that stands twice in one object; None without.

    An object in which keys repeat is found first, and only then its path, which takes longer.
    """
    try:
        json.loads(raw, object_pairs_hook=_once_each, parse_int=str, parse_float=str)
    except _Repeats:
        return _path_of_repeated(raw)
    return None


def _once_each(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _Repeats


def _path_of_repeated(raw: bytes) -> tuple[str | int, ...] | None:
    tree = json.loads(raw, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Pairs):
            seen = set()
            for key, inner in value:
                if key in seen:
                    return (*path, key)
                seen.add(key)
                waiting.append(((*path, key), inner))
        elif isinstance(value, list):
            waiting += [
                ((*path, place), inner)
                for place, inner in enumerate(value)
                if isinstance(inner, list)
            ]
    return None


def stands_twice(path: tuple[str | int, ...], raw: bytes, where: str = "$") -> Refusal:
    """The refusal for such a key; `where` is the path at which `raw` stands."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return Refusal("duplicate_key", f"`{where}{steps}`: stands twice", excerpt_at(raw, steps))


def excerpt_at(raw: bytes, path: str) -> str:
    """The source text of the value at that path within `raw`, or of the nearest one around it."""
    for key, place in _STEP.findall(path):
        try:
            if key:
                raw = bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[key])
            else:
                raw = bytes(msgspec.json.decode(raw, type=list[msgspec.Raw])[int(place)])
        except (msgspec.DecodeError, KeyError, IndexError):
            break
    return cut(raw)


def cut(raw: bytes) -> str:
    """The first 200 characters, unreadable bytes replaced."""
    return raw[: 4 * EXCERPT].decode(errors="replace")[:EXCERPT]


def _lower(text: str) -> str:
    """A sentence as the end of another one; `JSON` stays what it is."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
