"""Bytes of archive entries: read, decrypted many at a time, inflated, checked."""

import os
import struct
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from flows.storage.member import Refused
from flows.storage.zips import aes, zipcrypto
from flows.storage.zips.password import VARIABLE, Password, zip_password
from flows.storage.zips.zip_directory import AES, PLAIN, ZIPCRYPTO, Entry
from flows.storage.zips.zip_index import Catalogue
from schemas.errors import InputError

_SLACK = 128  # for a local header's name and extra fields, so that one read fetches a member
_INFLATED_SLACK = 256  # deflate may grow what does not compress, by headers of its blocks
_SAMPLE = 16  # entries whose check bytes tell whether the password fits
_STORED = 0

_DAMAGED = "it is damaged: "


class OpenArchives:
    """The archives of a catalogue, each opened and its password tried when first needed."""

    def __init__(self, state: Catalogue) -> None:
        self._state = state
        self._files = ExitStack()
        self._handles: dict[int, int] = {}
        self._passwords: dict[int, Password] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def packed(
        self, rows: Sequence[int], entries: Sequence[Entry], limits: Sequence[int | None]
    ) -> list[bytes | Refused]:
        """Entries decrypted but still compressed: each whole, or its first bytes up to a limit."""
        found: list[bytes | Refused] = []
        for row, entry, limit in zip(rows, entries, limits, strict=True):
            try:
                found.append(self._raw(row, entry, limit))
            except Refused as refused:
                found.append(refused)
        for archive in {int(self._state.archive[row]) for row in rows}:
            for cipher, decrypt in ((ZIPCRYPTO, _unlock_zipcrypto), (AES, _unlock_aes)):
                chosen = [
                    place
                    for place, (row, entry) in enumerate(zip(rows, entries, strict=True))
                    if entry.cipher == cipher
                    and self._state.archive[row] == archive
                    and isinstance(found[place], bytes)
                ]
                if chosen:
                    password = self._password(archive)
                    pieces = [piece for place in chosen if isinstance(piece := found[place], bytes)]
                    wholes = [limits[place] is None for place in chosen]
                    plain = decrypt(pieces, [entries[place] for place in chosen], wholes, password)
                    for place, piece in zip(chosen, plain, strict=True):
                        found[place] = piece
        return found

    def _handle(self, archive: int) -> int:
        if archive not in self._handles:
            file = self._state.archives[archive].open("rb", buffering=0)
            self._handles[archive] = self._files.enter_context(file).fileno()
        return self._handles[archive]

    def _raw(self, row: int, entry: Entry, limit: int | None) -> bytes:
        """The bytes as they lie in the archive, found by the entry's own header there."""
        want = entry.packed
        if limit is not None:
            want = min(want, _before(entry) + limit + _INFLATED_SLACK + limit // 64)
        handle = self._handle(int(self._state.archive[row]))
        block = os.pread(handle, 30 + _SLACK + want, entry.offset)
        if len(block) < 30 or block[:4] != b"PK\3\4":
            raise Refused("unreadable", _DAMAGED + "its header in the archive is not there")
        flags, _, _, name, extra = struct.unpack_from("<HH16sHH", block, 6)
        if (flags ^ entry.flags) & 1:
            raise Refused("unreadable", _DAMAGED + "its two headers differ on encryption")
        start = 30 + name + extra
        data = block[start : start + want]
        while len(data) < want:
            more = os.pread(handle, want - len(data), entry.offset + start + len(data))
            if not more:
                raise Refused("unreadable", _DAMAGED + "the archive ends within it")
            data += more
        return data

    def _password(self, archive: int) -> Password:
        """The password, tried on some entries first: with a wrong one all would seem damaged."""
        if archive in self._passwords:
            return self._passwords[archive]
        path = self._state.archives[archive]
        password = zip_password()
        if password is None:
            raise InputError(
                f"{path} is encrypted: give its password with --password-file or ${VARIABLE}."
            )
        if not self._fits(archive, password):
            raise InputError(f"{path} is encrypted, and the password given does not open it.")
        self._passwords[archive] = password
        return password

    def _fits(self, archive: int, password: Password) -> bool:
        entries = self._state.entries
        locked = (self._state.archive == archive) & (entries["problem"] == 0)
        tried = fitting = 0
        for cipher, decrypt in ((ZIPCRYPTO, _unlock_zipcrypto), (AES, _unlock_aes)):
            rows = np.flatnonzero(locked & (entries["cipher"] == cipher))
            # AES tells by two bytes what ZipCrypto tells by one, and costs a thousand rounds.
            rows = rows[:: max(1, len(rows) // _SAMPLE)][: _SAMPLE if cipher == ZIPCRYPTO else 2]
            for row in rows.tolist():
                entry = self._state.entry(row)
                try:
                    piece = self._raw(row, entry, 0)
                except Refused:
                    continue
                tried += 1
                (plain,) = decrypt([piece], [entry], [False], password)
                fitting += isinstance(plain, bytes)
        return not tried or 2 * fitting > tried


def unpacked(entry: Entry, packed: bytes, limit: int | None) -> bytes:
    """Compressed bytes of an entry to its content, or to at most its first `limit` bytes.

    Never more than the entry says it holds. Content that is whole is checked against its CRC.
    Raises Refused.
    """
    most = entry.size if limit is None else min(entry.size, limit)
    if entry.method == _STORED:
        data, ended = packed[: most + 1], True
    else:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflate.decompress(packed, most + 1)
        except zlib.error as error:
            raise Refused("unreadable", _DAMAGED + "it does not inflate") from error
        ended = inflate.eof
    if limit is not None:
        return data[:most]
    if len(data) != entry.size or not ended:
        raise Refused(
            "unreadable", _DAMAGED + f"it does not hold the {entry.size:,} bytes it promises"
        )
    if not entry.unchecked and zlib.crc32(data) != entry.crc:
        raise Refused("unreadable", _DAMAGED + "its checksum does not fit")
    return data


def _before(entry: Entry) -> int:
    """Bytes of encryption that precede the data."""
    if entry.cipher == PLAIN:
        return 0
    return zipcrypto.HEADER if entry.cipher == ZIPCRYPTO else aes.before(entry.strength)


def _unlock_zipcrypto(
    pieces: Sequence[bytes], entries: Sequence[Entry], wholes: Sequence[bool], password: Password
) -> list[bytes | Refused]:
    plain = zipcrypto.decrypt(pieces, zipcrypto.first_keys(password.secret))
    return [
        piece[zipcrypto.HEADER :]
        if piece[zipcrypto.HEADER - 1 :][:1] == _check(entry)
        else _locked()
        for piece, entry in zip(plain, entries, strict=True)
    ]


def _locked() -> Refused:
    return Refused("unreadable", "its password check fails: it is damaged or has another password")


def _check(entry: Entry) -> bytes:
    """What the last byte of a ZipCrypto header decrypts to."""
    return bytes([entry.time >> 8 if entry.flags & 8 else entry.crc >> 24])


def _unlock_aes(
    pieces: Sequence[bytes], entries: Sequence[Entry], wholes: Sequence[bool], password: Password
) -> list[bytes | Refused]:
    found: list[bytes | Refused] = []
    for piece, entry, whole in zip(pieces, entries, wholes, strict=True):
        try:
            plain = aes.opened(piece, entry.strength, password.secret, whole=whole)
        except ValueError:
            found.append(Refused("unreadable", _DAMAGED + "its authentication does not fit"))
        else:
            found.append(_locked() if plain is None else plain)
    return found
