"""Content of archive entries: entries in, their bytes decrypted, inflated and checked out."""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

import numpy as np

from flows.storage.member import MemberError
from flows.storage.place import OpenBytes, open_bytes
from flows.storage.zips import aes, zipcrypto
from flows.storage.zips.zip_directory import AES, PLAIN, ZIPCRYPTO, Entry
from flows.storage.zips.zip_index import ZipIndex
from schemas.errors import InputError

_SLACK = 128  # for a local header's name and extra fields, so that one read fetches a member
_INFLATED_SLACK = 256  # deflate may grow what does not compress, by headers of its blocks
_SAMPLE = 16  # entries whose check bytes are compared to test the password
_STORED = 0

_DAMAGED = "it is damaged: "

PASSWORD_VARIABLE = "WARDROBE_ZIP_PASSWORD"


class OpenArchives(ExitStack):
    """The archives of an index, each opened and its password tested when first needed."""

    def __init__(self, index: ZipIndex) -> None:
        super().__init__()
        self._index = index
        self._files: dict[int, OpenBytes] = {}
        self._unlocked: set[int] = set()

    def packed(
        self, rows: Sequence[int], entries: Sequence[Entry], limits: Sequence[int | None]
    ) -> list[bytes | MemberError]:
        """Entries decrypted but still compressed: each whole, or its first bytes up to a limit."""
        results: list[bytes | MemberError] = [b""] * len(rows)
        archives = self._index.archive[list(rows)]
        for archive in np.unique(archives).tolist():
            places = np.flatnonzero(archives == archive).tolist()
            chosen = [entries[place] for place in places]
            raw = self._raw(archive, chosen, [limits[place] for place in places])
            for place, piece in zip(places, raw, strict=True):
                results[place] = piece
        for cipher, decrypt in _CIPHERS.items():
            pieces = {
                place: piece
                for place, piece in enumerate(results)
                if isinstance(piece, bytes) and entries[place].cipher == cipher
            }
            password = self._password({int(self._index.archive[rows[place]]) for place in pieces})
            wholes = [limits[place] is None for place in pieces]
            chosen = [entries[place] for place in pieces]
            plain = decrypt(list(pieces.values()), chosen, wholes, password)
            for place, piece in zip(pieces, plain, strict=True):
                results[place] = piece
        return results

    def _file(self, archive: int) -> OpenBytes:
        if archive not in self._files:
            file = open_bytes(self._index.archives[archive])
            self._files[archive] = self.enter_context(closing(file))
        return self._files[archive]

    def _raw(
        self, archive: int, entries: Sequence[Entry], limits: Sequence[int | None]
    ) -> Iterator[bytes | MemberError]:
        """The bytes in an archive that follow the local headers of its entries."""
        file = self._file(archive)
        lengths = [_stored_length(*pair) for pair in zip(entries, limits, strict=True)]
        blocks = file.read_ranges(
            [entry.offset for entry in entries], [30 + _SLACK + length for length in lengths]
        )
        for entry, length, block in zip(entries, lengths, blocks, strict=True):
            try:
                yield _after_header(file, entry, length, block)
            except MemberError as error:
                yield error

    def _password(self, archives: set[int]) -> bytes:
        """The password, tested on some entries: with a wrong one all would seem to be damaged.

        It comes from the environment only and is never part of a message.
        """
        password = os.fsencode(os.environ.get(PASSWORD_VARIABLE, ""))
        for archive in sorted(archives - self._unlocked):
            path = self._index.archives[archive]
            if not password:
                raise InputError(
                    f"{path} is encrypted: give its password with --password-file or "
                    f"${PASSWORD_VARIABLE}."
                )
            if not self._password_matches(archive, password):
                raise InputError(f"{path} is encrypted, and the password given does not open it.")
            self._unlocked.add(archive)
        return password

    def _password_matches(self, archive: int, password: bytes) -> bool:
        entries = self._index.entries
        encrypted = (self._index.archive == archive) & (entries["problem"] == 0)
        tested = matching = 0
        for cipher, decrypt in _CIPHERS.items():
            rows = np.flatnonzero(encrypted & (entries["cipher"] == cipher))
            # AES has two check bytes where ZipCrypto has one, and a test costs a thousand rounds.
            rows = rows[:: max(1, len(rows) // _SAMPLE)][: _SAMPLE if cipher == ZIPCRYPTO else 2]
            chosen = [Entry(*entries[row].item()) for row in rows.tolist()]
            raw = self._raw(archive, chosen, [0] * len(chosen))
            for entry, piece in zip(chosen, raw, strict=True):
                if isinstance(piece, MemberError):
                    continue
                tested += 1
                (plain,) = decrypt([piece], [entry], [False], password)
                matching += isinstance(plain, bytes)
        return not tested or 2 * matching > tested


def _stored_length(entry: Entry, limit: int | None) -> int:
    """Bytes of an entry in its archive: all, or enough for its first `limit` bytes."""
    if limit is None:
        return entry.packed
    needed = _encryption_header_size(entry) + limit + _INFLATED_SLACK + limit // 64
    return min(entry.packed, needed)


def _after_header(file: OpenBytes, entry: Entry, length: int, block: bytes) -> bytes:
    """The bytes after the local header, which `block` begins with. Raises MemberError."""
    if len(block) < 30 or block[:4] != b"PK\3\4":
        raise MemberError("unreadable", _DAMAGED + "its header in the archive is missing")
    flags, _, _, name, extra = struct.unpack_from("<HH16sHH", block, 6)
    if (flags ^ entry.flags) & 1:
        raise MemberError("unreadable", _DAMAGED + "its two headers differ on encryption")
    start = 30 + name + extra
    data = block[start : start + length]
    if len(data) < length:  # a longer name or extra fields than _SLACK
        data += file.read_at(length - len(data), entry.offset + start + len(data))
    if len(data) < length:
        raise MemberError("unreadable", _DAMAGED + "the archive ends within it")
    return data


def unpacked(entry: Entry, packed: bytes, limit: int | None) -> bytes:
    """Compressed bytes of an entry to its content, or to at most its first `limit` bytes.

    At most as many bytes as the entry's size are inflated. Whole content is checked against its
    CRC. Raises MemberError.
    """
    most = entry.size if limit is None else min(entry.size, limit)
    if entry.method == _STORED:
        data, ended = packed[: most + 1], True
    else:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = inflate.decompress(packed, most + 1)
        except zlib.error as error:
            raise MemberError("unreadable", _DAMAGED + "it does not inflate") from error
        ended = inflate.eof
    if limit is not None:
        return data[:most]
    if len(data) != entry.size or not ended:
        raise MemberError(
            "unreadable", _DAMAGED + f"it does not hold the {entry.size:,} bytes it promises"
        )
    if not entry.unchecked and zlib.crc32(data) != entry.crc:
        raise MemberError("unreadable", _DAMAGED + "its checksum does not match")
    return data


def _encryption_header_size(entry: Entry) -> int:
    """Bytes of encryption before the data."""
    if entry.cipher == PLAIN:
        return 0
    return zipcrypto.HEADER if entry.cipher == ZIPCRYPTO else aes.header_size(entry.strength)


def _decrypt_zipcrypto(
    pieces: Sequence[bytes], entries: Sequence[Entry], wholes: Sequence[bool], password: bytes
) -> list[bytes | MemberError]:
    plain = zipcrypto.decrypt(pieces, zipcrypto.first_keys(password))
    return [
        piece[zipcrypto.HEADER :]
        if piece[zipcrypto.HEADER - 1 :][:1] == _check_byte(entry)
        else _wrong_password()
        for piece, entry in zip(plain, entries, strict=True)
    ]


def _wrong_password() -> MemberError:
    reason = "its password check fails: it is damaged or has another password"
    return MemberError("unreadable", reason)


def _check_byte(entry: Entry) -> bytes:
    """The last byte of a decrypted ZipCrypto header (APPNOTE 6.1.6)."""
    return bytes([entry.time >> 8 if entry.flags & 8 else entry.crc >> 24])


def _decrypt_aes(
    pieces: Sequence[bytes], entries: Sequence[Entry], wholes: Sequence[bool], password: bytes
) -> list[bytes | MemberError]:
    results: list[bytes | MemberError] = []
    for piece, entry, whole in zip(pieces, entries, wholes, strict=True):
        try:
            plain = aes.decrypt(piece, entry.strength, password, whole=whole)
        except ValueError:
            results.append(MemberError("unreadable", _DAMAGED + "authentication code mismatch"))
        else:
            results.append(_wrong_password() if plain is None else plain)
    return results


_CIPHERS = {ZIPCRYPTO: _decrypt_zipcrypto, AES: _decrypt_aes}
