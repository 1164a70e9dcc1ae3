"""Text on its way to the terminal: control characters of file names and cells become visible."""

import codecs
from typing import Any, TextIO


def printable(text: str) -> str:
    """The text with every control character as an escape (`\\x1b`), line breaks and tabs apart.

    A file name or an excerpt of a broken file must not steer the terminal that it is shown in.
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

    Everything a command prints passes through one. `raw` is the stream itself, for what draws with
    escape sequences of its own: bars and the headers of tables.
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
        """For CSV and JSON: bytes as they are into a file or a pipe, escaped on a terminal."""
        return _SafeBytes(self) if self.raw.isatty() else self.raw.buffer


class _SafeBytes:
    """A binary stream whose bytes are shown as escaped text; characters may come in pieces."""

    def __init__(self, stream: SafeStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> int:
        self._stream.write(self._decoder.decode(data))
        return len(data)


def raw_stream(stream: Any) -> TextIO:
    """The stream behind a SafeStream; any other stream is its own."""
    found: TextIO = stream.raw if isinstance(stream, SafeStream) else stream
    return found
