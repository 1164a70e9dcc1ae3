"""Lists of JSON objects in blocks of a megabyte, each of whole records.

Records end after the closing braces of the outermost objects. Where these are is computed without
parsing, which is right for valid JSON; other text shows when its block is decoded.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

BLOCK = 1 << 20
MAX_RECORD = 64 << 20
WHITESPACE = b" \t\r\n"

_EXCERPT = 100  # of another text, for a message
_STRING_OR_WORD = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?Infinity|NaN', re.DOTALL)
_QUOTE, _OPEN, _CLOSE = b'"{}'


def record_blocks(file: BinaryIO) -> Iterator[tuple[bytes, list[int]]]:
    """The text of a list in blocks, with the places after the records in each block.

    A record has `[` or `,` before it, and white space perhaps. The last block has no records: it is
    the rest of the text, `]` if the list is valid and has records. A text that does not begin with
    `[`, and one with over MAX_RECORD bytes without a record, are not read to their end.
    """
    text = b""
    first = True
    while block := file.read(max(BLOCK, len(text))):
        text = (text + block).lstrip(WHITESPACE)
        if first and len(text) > _EXCERPT and not text.startswith(b"["):
            break
        if ends := _record_ends(text):
            yield text[: ends[-1]], ends
            text, first = text[ends[-1] :], False
        elif len(text) > MAX_RECORD:
            break
    yield text.strip(WHITESPACE), []


def _record_ends(text: bytes) -> list[int]:
    if b"\\" in text:
        text = text.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    codes = np.frombuffer(text, np.uint8)
    places = np.flatnonzero((codes == _QUOTE) | (codes == _OPEN) | (codes == _CLOSE))
    codes = codes[places]
    outside = ~np.logical_xor.accumulate(codes == _QUOTE) & (codes != _QUOTE)
    places, codes = places[outside], codes[outside]
    depth = np.where(codes == _OPEN, 1, -1).cumsum()
    return (places[(depth == 0) & (codes == _CLOSE)] + 1).tolist()


def words_as_numbers(text: bytes) -> bytes:
    """The text with a number that is too large for NaN and Infinity.

    Python writes these words, which are not JSON; the error of a number has its path.
    """

    def number(matched: re.Match[bytes]) -> bytes:
        return matched[0] if matched[0].startswith(b'"') else b"1e999"

    return _STRING_OR_WORD.sub(number, text)
