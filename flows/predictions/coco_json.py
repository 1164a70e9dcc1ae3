"""COCO results in JSON: the records of a list, decoded in blocks of a megabyte.

Records end after the closing braces of the outermost objects. Where these are is computed without
parsing, which is right for valid JSON; of any other text the decoding fails.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from flows.predictions.coco_records import Record, RunLengths, path_and_problem
from schemas.errors import InputError

BLOCK = 1 << 20
MAX_RECORD = 64 << 20

_QUOTE, _OPEN, _CLOSE = b'"{}'
_WHITESPACE = b" \t\r\n"
_EMPTY_LIST = re.compile(rb"\[[ \t\r\n]*\]")
_STRING_OR_WORD = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?Infinity|NaN', re.DOTALL)


def read_json(
    path: Path, first_row: int, block_type: type[Record], record_type: type[Record]
) -> Iterator[list[Any]]:
    """The records of a file in its order, in lists. Raises InputError for the first invalid one.

    Those of a block are all of `block_type` or, read one by one, of `record_type`: the latter has
    the types of all values, for the path of an error.
    """
    decoder = _RecordDecoder(path, block_type, record_type)
    text, row, delimiter = b"", first_row, b"["
    with path.open("rb") as file:
        while block := file.read(max(BLOCK, len(text))):
            text = (text + block).lstrip(_WHITESPACE)
            if text and text[:1] not in (delimiter, b"]"):
                decoder.record(row, text + file.read(40), delimiter)
            if ends := _record_ends(text):
                records = decoder.records(row, text, ends, delimiter)
                yield records
                text, row, delimiter = text[ends[-1] :], row + len(records), b","
            elif len(text) > MAX_RECORD:
                raise InputError(f"{path}: row {row}: has more than {MAX_RECORD:,} bytes.")
    text = text.strip(_WHITESPACE)
    if text != b"]" if delimiter == b"," else not _EMPTY_LIST.fullmatch(text):
        decoder.record(row, text, delimiter)
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


class _RecordDecoder:
    """Decodes text that consists of records, each with a delimiter before it: `[` or a comma."""

    def __init__(self, path: Path, block_type: type[Record], record_type: type[Record]) -> None:
        self._path = path
        self._block = msgspec.json.Decoder(list[block_type])  # type: ignore[valid-type]
        self._record = msgspec.json.Decoder(list[record_type])  # type: ignore[valid-type]

    def records(self, row: int, text: bytes, ends: list[int], delimiter: bytes) -> list[Any]:
        """The records that end at these places: all at once or, after an error, one by one."""
        if text.startswith(delimiter):
            try:
                # As text: msgspec does not decode strings in fields that are ignored.
                records = self._block.decode((b"[" + text[1 : ends[-1]] + b"]").decode())
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                records = []
            # msgspec takes the last of two equal keys: there are more quotes than fields explain.
            quotes = text.count(b'"', 0, ends[-1])
            if records and (quotes == 8 * len(records) or quotes == sum(map(_quotes, records))):
                return records
        records = []
        for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=row):
            records += self.record(number, text[start:end], delimiter)
            delimiter = b","
        return records

    def record(self, row: int, text: bytes, delimiter: bytes) -> list[Any]:
        """The record after a delimiter, in a list. Raises InputError for anything else."""
        text = text.strip(_WHITESPACE)
        if text and not text.startswith(delimiter):
            expected = (
                "a list of records" if delimiter == b"[" else "a comma or the end of the list"
            )
            problem = f"expected {expected}, not {text[:40].decode(errors='replace')!r}"
            raise InputError(f"{self._path}: row {row}: {problem}.")
        text = b"[" + text[1:] + b"]"
        try:
            records = self._record.decode(text)
            json.loads(
                text.decode(), object_pairs_hook=_require_unique, parse_int=str, parse_float=str
            )
            return records
        except msgspec.ValidationError as error:
            problem = _sentence(error)
        except msgspec.DecodeError as error:
            problem = _sentence(self._error_of_words(text) or error)
        except UnicodeDecodeError:
            problem = "$: is not UTF-8"
        except RecursionError:
            problem = "$: is nested too deeply"
        except _RepeatedKeyError as error:
            problem = f"$.{error}: occurs twice"
        raise InputError(f"{self._path}: row {row}: {problem}.")

    def _error_of_words(self, text: bytes) -> msgspec.ValidationError | None:
        """The error of NaN or Infinity with its path: that of a number that is too large.

        Python writes these words, although they are not JSON.
        """
        try:
            self._record.decode(_STRING_OR_WORD.sub(_as_number, text))
        except msgspec.ValidationError as error:
            return error
        except msgspec.DecodeError:
            pass
        return None


def _as_number(matched: re.Match[bytes]) -> bytes:
    return matched[0] if matched[0].startswith(b'"') else b"1e999"


def _sentence(error: msgspec.DecodeError) -> str:
    """The path within the record, the first of a list, and what is wrong."""
    path, problem = path_and_problem(error)
    return f"${path.removeprefix('[0]')}: {problem}"


def _quotes(record: Record) -> int:
    """The quotes in the text of a record without duplicate keys or quotes within strings."""
    quotes = 0
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if not isinstance(value, msgspec.Raw):
            quotes += 2
        elif value := bytes(value):
            quotes += 2 + value.count(b'"')
        if isinstance(value, RunLengths):
            quotes += 6 if isinstance(value.counts, str) else 4
    return quotes


class _RepeatedKeyError(Exception):
    pass


def _require_unique(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise _RepeatedKeyError(key)
