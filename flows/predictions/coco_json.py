"""Results in JSON: the records of a list, decoded in blocks of a few megabytes.

A block is decoded at once. One that is refused is decoded record by record, for the error.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from flows.predictions import json_blocks
from flows.predictions.coco_records import RunLengths, path_and_problem
from flows.predictions.digest import open_predictions
from schemas.errors import InputError

COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""What files of gzip, zip, bzip2, xz and zstd begin with."""

_EMPTY_LIST = re.compile(rb"\[[ \t\r\n]*\]")


def read_json(
    path: Path, first_row: int, block_type: type[msgspec.Struct], record_type: type[msgspec.Struct]
) -> Iterator[list[Any]]:
    """The records of a file in its order, in lists. Raises InputError for the first invalid one.

    Those of a block are all of `block_type` or, read one by one, of `record_type`: the latter has
    the types of all values, for the path of an error.
    """
    decoder = _RecordDecoder(path, block_type, record_type)
    row, delimiter = first_row, b"["
    with open_predictions(path) as file:
        for text, ends in json_blocks.record_blocks(file):
            if ends:
                records = decoder.records(row, text, ends, delimiter)
                yield records
                row, delimiter = row + len(records), b","
            elif len(text) > json_blocks.MAX_RECORD:
                limit = f"{json_blocks.MAX_RECORD:,} bytes"
                raise InputError(f"{path}: row {row}: has more than {limit}.")
            elif text != b"]" if delimiter == b"," else not _EMPTY_LIST.fullmatch(text):
                if row == first_row and not text:
                    raise InputError(f"{path}: the file is empty: expected a list of records.")
                decoder.record(row, text, delimiter)
                raise InputError(f"{path}: row {row}: the list of records does not end.")


class _RecordDecoder:
    """Decodes text that consists of records, each with a delimiter before it: `[` or a comma."""

    def __init__(
        self, path: Path, block_type: type[msgspec.Struct], record_type: type[msgspec.Struct]
    ) -> None:
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
        text = text.strip(json_blocks.WHITESPACE)
        if text and not text.startswith(delimiter):
            expected = (
                "a list of records" if delimiter == b"[" else "a comma or the end of the list"
            )
            is_compressed = text.startswith(COMPRESSED)
            excerpt = (
                "a compressed file" if is_compressed else repr(text[:40].decode(errors="replace"))
            )
            problem = f"expected {expected}, not {excerpt}"
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
        """The error, with its path, of NaN and Infinity, which Python writes and JSON lacks."""
        try:
            self._record.decode(json_blocks.words_as_numbers(text))
        except msgspec.ValidationError as error:
            return error
        except msgspec.DecodeError:
            pass
        return None


def _sentence(error: msgspec.DecodeError) -> str:
    """The path within the record, the first of a list, and what is wrong."""
    path, problem = path_and_problem(error)
    return f"${path.removeprefix('[0]')}: {problem}"


def _quotes(record: msgspec.Struct) -> int:
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
