"""Decryption of traditional zip encryption (ZipCrypto), for many members at once.

The cipher is section 6.1 of PKWARE's APPNOTE.TXT. Three 32-bit keys are updated with each plain
byte, so the bytes of one member must be decrypted one after the other. Vectors run across members
instead: one step decrypts the next byte of each. Members are ordered by length, so that those that
are not finished are always the first ones. A part is decrypted 70 times faster than by a loop.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

HEADER = 12
"""Bytes before the data; the last one detects 255 of 256 wrong passwords."""

_FIRST_KEYS = (0x12345678, 0x23456789, 0x34567890)
_MULTIPLIER = 134_775_813
_MIN_WIDTH = 12  # with fewer unfinished members, integers are faster than vectors

Words = npt.NDArray[np.uint32]


def _crc_table() -> Words:
    """The CRC-32 of each single byte, without the inversion at both ends."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    return table


_CRC = _crc_table()
_CRC_LIST: list[int] = _CRC.tolist()

# decrypt_byte() of APPNOTE 6.1.5: a key stream byte depends on the low 16 bits of key 2 only.
_LOW = np.arange(65_536, dtype=np.uint32) | 2
_STREAM = ((_LOW * (_LOW ^ 1)) >> 8).astype(np.uint8)
_STREAM_BYTES = _STREAM.tobytes()


def first_keys(password: bytes) -> tuple[int, int, int]:
    """The three keys that every member starts from (APPNOTE 6.1.5)."""
    key0, key1, key2 = (np.array([key], dtype=np.uint32) for key in _FIRST_KEYS)
    for byte in password:
        _update_keys(key0, key1, key2, np.array([byte], dtype=np.uint8))
    return int(key0[0]), int(key1[0]), int(key2[0])


def decrypt(pieces: Sequence[bytes], keys: tuple[int, int, int]) -> list[bytes]:
    """Encrypted members, or their first bytes, to plain bytes, with the header."""
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    buffer = np.frombuffer(b"".join(pieces), dtype=np.uint8).copy()
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    _decrypt_in_place(buffer, starts[order], lengths[order], keys)
    plain = buffer.tobytes()
    return [
        plain[start : start + length]
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]


def _decrypt_in_place(
    buffer: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    keys: tuple[int, int, int],
) -> None:
    """Decrypt members in place, the longest first; a step takes a byte of each unfinished one."""
    key0, key1, key2 = (np.full(len(lengths), key, dtype=np.uint32) for key in keys)
    positions = starts.astype(np.intp)
    longest = int(lengths[0]) if len(lengths) else 0
    # unfinished[step]: how many members have a byte at that step.
    unfinished = np.searchsorted(-lengths, -np.arange(longest), side="left").tolist()
    step, width = 0, -1
    while step < longest and unfinished[step] >= _MIN_WIDTH:
        if unfinished[step] != width:
            width = unfinished[step]
            key0, key1, key2 = key0[:width], key1[:width], key2[:width]
            positions = positions[:width]
        plain = buffer[positions]
        plain ^= _STREAM[key2 & 0xFFFF]
        buffer[positions] = plain
        positions += 1
        _update_keys(key0, key1, key2, plain)
        step += 1
    for member in range(unfinished[step] if step < longest else 0):
        end = int(starts[member] + lengths[member])
        rest = slice(int(positions[member]), end)
        state = int(key0[member]), int(key1[member]), int(key2[member])
        buffer[rest] = np.frombuffer(_decrypt_one(buffer[rest].tobytes(), state), dtype=np.uint8)


def _update_keys(key0: Words, key1: Words, key2: Words, plain: npt.NDArray[np.uint8]) -> None:
    """update_keys() of APPNOTE 6.1.5 for one plain byte of each member, in place.

    Key 0 is a CRC of the plain bytes, key 1 a linear congruential sequence of the low byte of
    key 0, key 2 a CRC of the high byte of key 1.
    """
    crc = _CRC[(key0 ^ plain) & 0xFF]
    key0 >>= 8
    key0 ^= crc
    key1 += key0 & 0xFF
    key1 *= np.uint32(_MULTIPLIER)
    key1 += 1
    crc = _CRC[(key2 ^ (key1 >> 24)) & 0xFF]
    key2 >>= 8
    key2 ^= crc


def _decrypt_one(piece: bytes, keys: tuple[int, int, int]) -> bytes:
    """The rest of one member, in integers; the steps are those of `_update_keys`."""
    key0, key1, key2 = keys
    table, stream = _CRC_LIST, _STREAM_BYTES
    plain = bytearray(piece)
    for place, byte in enumerate(piece):
        byte ^= stream[key2 & 0xFFFF]
        plain[place] = byte
        key0 = table[(key0 ^ byte) & 0xFF] ^ (key0 >> 8)
        key1 = ((key1 + (key0 & 0xFF)) * _MULTIPLIER + 1) & 0xFFFFFFFF
        key2 = table[(key2 ^ (key1 >> 24)) & 0xFF] ^ (key2 >> 8)
    return bytes(plain)
