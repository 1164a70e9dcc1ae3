"""Strict JSON: validation errors, duplicate keys, limits and excerpts, as reasons of rejections."""

import json
import re
from collections import Counter

import msgspec
import numpy as np

from flows.decode.batch import Reason
from schemas.rejections import MAX_EXCERPT

MAX_DEPTH = 64

_TOO_DEEP = "is nested too deeply to be an annotation"
_QUOTE = ord('"')
_STEPS = np.zeros(256, np.int8)  # how each byte outside of strings changes the depth
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_STRUCTURE = _STEPS != 0
_STRUCTURE[_QUOTE] = True

_ERROR = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD = re.compile(r"field `(.*?)`", re.DOTALL)


def not_json(data: bytes) -> Reason | None:
    """Why the bytes are not JSON in UTF-8; None when they are."""
    start = excerpt(data)
    if data.startswith(b"\xef\xbb\xbf"):
        return Reason("not_json", "starts with a byte order mark; save it as plain UTF-8", start)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Reason("not_json", "is UTF-16, not UTF-8", start)
    try:
        data.decode()
        msgspec.json.decode(data, type=msgspec.Raw)
    except UnicodeDecodeError as error:
        return Reason("not_json", f"is not UTF-8 at byte {error.start}", start)
    except msgspec.DecodeError as error:
        return Reason("not_json", f"is not JSON: {_lower(str(error))}", start)
    except RecursionError:
        return Reason("not_json", _TOO_DEEP, start)
    return None


def too_many_values(data: bytes, limit: int) -> Reason | None:
    """A reason for JSON that may hold more than `limit` values; None for others.

    A parser's objects take up to a hundred bytes for a value of two, so the number of values bounds
    its memory. Commas and opening brackets are counted, those within strings included.
    """
    if len(data) <= limit:
        return None
    count = data.count(b",") + data.count(b"[") + data.count(b"{")
    if count <= limit:
        return None
    message = f"has {count:,} commas and opening brackets, more than the limit of {limit:,}"
    return Reason("too_large", message, excerpt(data))


def too_deep(data: bytes) -> Reason | None:
    """A reason for JSON nested deeper than MAX_DEPTH; None for ordinary nesting.

    Checked before anything is parsed: the depth at which Python gives up depends on its own stack,
    and the same document must give the same row in every process.
    """
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return None
    # Without escapes every quote begins or ends a string.
    codes = np.frombuffer(data.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
    codes = codes[_STRUCTURE[codes]]
    inside = np.logical_xor.accumulate(codes == _QUOTE)
    codes = codes[~inside]
    if _STEPS[codes].cumsum(dtype=np.int32).max(initial=0) <= MAX_DEPTH:
        return None
    return Reason("not_json", _TOO_DEEP, excerpt(data))


def validation_error(error: msgspec.ValidationError, raw: bytes, where: str) -> Reason:
    """The reason for a msgspec error on the value `raw` at the path `where`."""
    matched = _ERROR.match(str(error))
    text, path = (matched[1], matched[2] or "") if matched else (str(error), "")
    rule = "wrong_type"
    if text.startswith("Object missing"):
        rule = "missing_key"
    elif text.startswith("Object contains unknown"):
        rule = "unknown_key"
        path += f".{field[1]}" if (field := _FIELD.search(text)) else ""
    elif text.startswith("Number out of range"):
        rule = "non_finite"
    return Reason(rule, f"`{where}{path}`: {_lower(text)}", excerpt_at(raw, path))


def repeated_keys(raw: bytes) -> tuple[str | None, str | None]:
    """A key that valid JSON has twice in its outermost object, and one that an inner object has."""
    repeated: list[str | None] = [None]

    def check(pairs: list[tuple[str, object]]) -> None:
        (key, count), *_ = Counter(key for key, _ in pairs).most_common(1) or [("", 0)]
        repeated.append(key if count > 1 else None)

    json.loads(raw, object_pairs_hook=check, parse_int=str, parse_float=str)
    *inner, outermost = repeated  # the hook is called for an object after those inside it
    return outermost, next((key for key in inner if key is not None), None)


def duplicate_key(raw: bytes, where: str) -> Reason | None:
    """A reason when an object in `raw`, valid JSON at the path `where`, has a key twice."""
    outermost, inner = repeated_keys(raw)
    if outermost is not None:
        text = excerpt_at(raw, f".{outermost}")
        return Reason("duplicate_key", f"`{where}.{outermost}`: occurs twice", text)
    if inner is not None:
        message = f"`{where}`: an object inside has the key `{inner}` twice"
        return Reason("duplicate_key", message, excerpt(raw))
    return None


def excerpt_at(raw: bytes, path: str) -> str:
    """The source text of the value at that path within `raw`, or of the nearest one around it."""
    for key, index in _STEP.findall(path):
        try:
            if key:
                raw = bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[key])
            else:
                raw = bytes(msgspec.json.decode(raw, type=list[msgspec.Raw])[int(index)])
        except (msgspec.DecodeError, KeyError, IndexError):
            break
    return excerpt(raw)


def excerpt(raw: bytes) -> str:
    """The first 200 characters, unreadable bytes replaced."""
    return raw[: 4 * MAX_EXCERPT].decode(errors="replace")[:MAX_EXCERPT]


def _lower(text: str) -> str:
    """A sentence as the end of another one; `JSON` keeps its case."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
