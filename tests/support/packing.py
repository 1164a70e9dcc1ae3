"""Zips for tests: plain, ZipCrypto and AES, sound or hostile, byte by byte where need be."""

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from flows.storage import Location, list_members, read_members
from schemas.source import MEMBERS, Document

STORED, DEFLATED = 0, 8
_END = struct.Struct("<4sHHHHIIH")
_WIDE = 0xFFFFFFFF


@dataclass(frozen=True)
class Packed:
    """One member as it lies in an archive; tests bend its fields with `dataclasses.replace`."""

    name: bytes
    body: bytes
    size: int
    crc: int
    method: int = DEFLATED
    flags: int = 0
    external: int = 0
    time: int = 0


def packed(name: str | bytes, data: bytes, method: int = DEFLATED) -> Packed:
    """A sound, unencrypted member."""
    body = data
    if method == DEFLATED:
        deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = deflate.compress(data) + deflate.flush()
    raw = name.encode() if isinstance(name, str) else name
    return Packed(raw, body, len(data), zlib.crc32(data), method)


def encrypted(members: Sequence[Packed], password: bytes, *, by_time: bool = False) -> list[Packed]:
    """The same members under ZipCrypto; `by_time` checks it by the time, as streams do."""
    checks = [member.time >> 8 if by_time else member.crc >> 24 for member in members]
    plain = [
        bytes((7 * k + len(member.body)) % 256 for k in range(11)) + bytes([check]) + member.body
        for member, check in zip(members, checks, strict=True)
    ]
    bits = 9 if by_time else 1
    bodies = [
        body
        for first in range(0, len(plain), 2_000)
        for body in _zipcrypto(plain[first : first + 2_000], password)
    ]
    return [
        replace(member, body=body, flags=member.flags | bits)
        for member, body in zip(members, bodies, strict=True)
    ]


def write_zip(
    path: Path, members: Iterable[Packed], *, wide: bool = False, before: bytes = b""
) -> Path:
    """Any archive; `wide` writes it as zip64 whatever its size, `before` precedes it."""
    body, directory, count = bytearray(), bytearray(), 0
    for member in members:
        offset = len(body)
        sizes = (member.crc, len(member.body), member.size)
        fixed = (member.flags, member.method, member.time, 0, *sizes, len(member.name))
        body += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, *fixed, 0) + member.name + member.body
        extra, place = b"", offset
        if wide:
            extra = struct.pack("<HHQQQ", 1, 24, member.size, len(member.body), offset)
            fixed = (*fixed[:5], _WIDE, _WIDE, len(member.name))
            place = _WIDE
        head = struct.pack("<4sHHHHHHIIIHH", b"PK\1\2", 3 << 8, 20, *fixed, len(extra))
        directory += head + struct.pack("<HHHII", 0, 0, 0, member.external, place)
        directory += member.name + extra
        count += 1
    end = len(body)
    whole = before + bytes(body) + bytes(directory)
    if wide:
        whole += struct.pack(
            "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), end
        )
        whole += struct.pack("<4sIQI", b"PK\6\7", 0, end + len(directory), 1)
        whole += _END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _WIDE, _WIDE, 0)
    else:
        number = count % 65_536
        whole += _END.pack(b"PK\5\6", 0, 0, number, number, len(directory), end, 0)
    path.write_bytes(whole)
    return path


def write_plain(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """As the standard library packs them."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_zipcrypto(path: Path, files: Mapping[str, bytes], password: bytes) -> Path:
    """Under traditional encryption."""
    members = [packed(name, data) for name, data in files.items()]
    return write_zip(path, encrypted(members, password))


def write_aes(path: Path, files: Mapping[str, bytes], password: bytes, bits: int = 256) -> Path:
    """Under WinZip's AES, by pyzipper: AE-2 (no CRC) for members below 20 bytes, else AE-1."""
    import pyzipper

    with pyzipper.AESZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.setpassword(password)
        archive.setencryption(pyzipper.WZ_AES, nbits=bits)
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """The same files, unpacked."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def listed(location: Location) -> pa.Table:
    """All members of a source, sorted by name."""
    return pa.concat_tables([MEMBERS.empty_table(), *list_members(location)]).sort_by("name")


def documents(path: Path) -> dict[str, Document]:
    """What storage reads of every member that it lists, by name."""
    location = Location.parse(path)
    return {member.name: member for member in read_members(location, listed(location))}


def _zipcrypto(plain: Sequence[bytes], password: bytes) -> list[bytes]:
    """Encrypt column by column; the standard library decrypts it in the tests as a check."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    lengths = np.array([len(piece) for piece in plain])
    grid = np.zeros((max(lengths, default=0), len(plain)), dtype=np.uint8)
    for column, piece in enumerate(plain):
        grid[: len(piece), column] = np.frombuffer(piece, dtype=np.uint8)
    keys = [np.full(len(plain), key, np.uint32) for key in (0x12345678, 0x23456789, 0x34567890)]

    def step(byte: np.ndarray) -> None:
        keys[0] = table[(keys[0] ^ byte) & 255] ^ (keys[0] >> 8)
        keys[1] = (keys[1] + (keys[0] & 255)) * np.uint32(134775813) + np.uint32(1)
        keys[2] = table[(keys[2] ^ (keys[1] >> 24)) & 255] ^ (keys[2] >> 8)

    for byte in password:
        step(np.full(len(plain), byte, np.uint32))
    for row in grid:
        low = (keys[2] & 0xFFFF) | 2
        stream = ((low * (low ^ 1)) >> 8) & 255
        step(row.astype(np.uint32))
        row ^= stream.astype(np.uint8)
    return [grid[:length, column].tobytes() for column, length in enumerate(lengths)]
