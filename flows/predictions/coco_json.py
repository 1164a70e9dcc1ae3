"""Results in JSON: the records of a list, decoded in blocks of a few megabytes.

Records end after the closing braces of the outermost objects. Where these are is computed without
parsing, which is right for valid JSON; of any other text the decoding fails.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from flows.predictions.coco_records import RunLengths, path_and_problem
from schemas.errors import InputError

BLOCK = 4 << 20
MAX_RECORD = 64 << 20

T = TypeVar("T", bound=msgspec.Struct)

_QUOTE, _OPEN, _CLOSE = b'"{}'
_WHITESPACE = b" \t\r\n"
_EMPTY_LIST = re.compile(rb"\[[ \t\r\n]*\]")
_STRING_OR_WORD = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?Infinity|NaN', re.DOTALL)


def read_json(path: Path, first_row: int, record_type: type[T]) -> Iterator[list[T]]:
    """The records of a file in its order, in lists. Raises InputError for the first invalid one."""
    decoder = msgspec.json.Decoder(list[record_type])  # type: ignore[valid-type]
    text, row, delimiter = b"", first_row, b"["
    with path.open("rb") as file:
        while block := file.read(max(BLOCK, len(text))):
            text = (text + block).lstrip(_WHITESPACE)
            if ends := _record_ends(text):
                records = _records(f"{path}: row", row, text, ends, delimiter, decoder)
                yield records
                text, row, delimiter = text[ends[-1] :], row + len(records), b","
            elif len(text) > MAX_RECORD:
                raise InputError(f"{path}: row {row}: has more than {MAX_RECORD:,} bytes.")
    text = text.strip(_WHITESPACE)
    if text != b"]" if delimiter == b"," else not _EMPTY_LIST.fullmatch(text):
        _record(f"{path}: row {row}", text, delimiter, decoder)
        raise InputError(f"{path}: row {row}: the list of records does not end.")


def _record_ends(text: bytes) -> list[int]:
    """The places after the closing braces of the outermost objects."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    codes = np.frombuffer(text, np.uint8)
    places = np.flatnonzero((codes == _QUOTE) | (codes == _OPEN) | (codes == _CLOSE))
    codes = codes[places]
    outside = ~np.logical_xor.accumulate(codes == _QUOTE) & (codes != _QUOTE)
    places, codes = places[outside], codes[outside]
    depth = np.where(codes == _OPEN, 1, -1).cumsum()
    return (places[(depth == 0) & (codes == _CLOSE)] + 1).tolist()


def _records(
    where: str,
    row: int,
    text: bytes,
    ends: list[int],
    delimiter: bytes,
    decoder: msgspec.json.Decoder[list[T]],
) -> list[T]:
    """The records that end at these places of the text: all at once or, for errors, one by one."""
    if text.startswith(delimiter):
        try:
            records = decoder.decode(b"[" + text[1 : ends[-1]] + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            records = []
        # More quotes than the fields explain may be a duplicate key: msgspec takes the last value.
        if records and text.count(b'"', 0, ends[-1]) == sum(map(_quotes, records)):
            return records
    records = []
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=row):
        records += _record(f"{where} {number}", text[start:end], delimiter, decoder)
        delimiter = b","
    return records


def _quotes(record: msgspec.Struct) -> int:
    """The quotes in the text of a record without duplicate keys or quotes within strings."""
    quotes = 0
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, msgspec.Raw):
            quotes += 2 + bytes(value).count(b'"') if value else 0
        elif isinstance(value, RunLengths):
            quotes += 8 if isinstance(value.counts, str) else 6
        else:
            quotes += 2
    return quotes


def _record(
    where: str, text: bytes, delimiter: bytes, decoder: msgspec.json.Decoder[list[T]]
) -> list[T]:
    """The record after a delimiter, in a list. Raises InputError for anything else."""
    text = text.strip(_WHITESPACE)
    if text and not text.startswith(delimiter):
        expected = "a list of records" if delimiter == b"[" else "a comma or the end of the list"
        start = text[:40].decode(errors="replace")
        raise InputError(f"{where}: expected {expected}, not {start!r}.")
    text = b"[" + text[1:] + b"]"
    try:
        records = decoder.decode(text)
        json.loads(text, object_pairs_hook=_require_unique_keys, parse_int=str, parse_float=str)
        return records
    except msgspec.ValidationError as error:
        problem = _sentence(error)
    except msgspec.DecodeError as error:
        problem = _sentence(_error_of_words(text, decoder) or error)
    except UnicodeDecodeError:
        problem = "$: is not UTF-8"
    except RecursionError:
        problem = "$: is nested too deeply"
    except _RepeatedKeyError as error:
        problem = f"$.{error}: occurs twice"
    raise InputError(f"{where}: {problem}.")


class _RepeatedKeyError(Exception):
    pass


def _require_unique_keys(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise _RepeatedKeyError(key)


def _sentence(error: msgspec.DecodeError) -> str:
    """The path within the record, the first of a list, and what is wrong."""
    path, problem = path_and_problem(error)
    return f"${path.removeprefix('[0]')}: {problem}"


def _error_of_words(
    text: bytes, decoder: msgspec.json.Decoder[list[T]]
) -> msgspec.ValidationError | None:
    """The error of NaN and Infinity, which Python writes although they are not JSON, with a path.

    A number that is too large has that path.
    """

    def number(matched: re.Match[bytes]) -> bytes:
        return matched[0] if matched[0].startswith(b'"') else b"1e999"

    try:
        decoder.decode(_STRING_OR_WORD.sub(number, text))
    except msgspec.ValidationError as error:
        return error
    except msgspec.DecodeError:
        pass
    return None
