"""Text for the terminal, with control characters of file names and cells escaped."""

import codecs
from typing import Any, TextIO


def printable(text: str) -> str:
    """The text with control characters escaped (`\\x1b`), except line breaks and tabs.

    A file name or an excerpt of a broken file must not control the terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


class SafeStream:
    """A text stream that escapes control characters in what is written to it.

    Everything a command prints passes through it. `raw` is the underlying stream, for bars and
    table headers, which use escape sequences.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def write(self, text: str) -> int:
        """Write the escaped text."""
        self.raw.write(printable(text))
        return len(text)

    @property
    def buffer(self) -> Any:
        """For CSV and JSON: bytes unchanged into a file or a pipe, escaped on a terminal."""
        return _SafeBytes(self) if self.raw.isatty() else self.raw.buffer


class _SafeBytes:
    """A binary stream that writes its bytes as escaped text; characters may be split."""

    def __init__(self, stream: SafeStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> int:
        self._stream.write(self._decoder.decode(data))
        return len(data)


def raw_stream(stream: Any) -> TextIO:
    """The underlying stream of a SafeStream; any other stream unchanged."""
    raw: TextIO = stream.raw if isinstance(stream, SafeStream) else stream
    return raw
