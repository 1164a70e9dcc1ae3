"""JSON taken at its word: where it breaks a promise, which key stands twice, what stood there."""

import json
import re
from typing import NamedTuple

import msgspec

EXCERPT = 200

_AT = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD = re.compile(r"field `(.*?)`", re.DOTALL)


class Refusal(NamedTuple):
    """Why something is refused: a rule of schemas.rejections, a sentence, what stood there."""

    rule: str
    message: str
    excerpt: str = ""


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
        text = data.decode()
        msgspec.json.decode(data, type=msgspec.Raw)
        json.loads(text, parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        return Refusal("not_json", f"is not UTF-8 at byte {error.start}", start)
    except msgspec.DecodeError as error:
        return Refusal("not_json", f"is no JSON: {_lower(str(error))}", start)
    except RecursionError:
        return Refusal("not_json", "is nested too deeply to be an annotation", start)
    return None


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
    """The path within `raw` of a key that stands twice in one object; None when none does."""
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
    return text[:1].lower() + text[1:]
