"""The central directory of a zip, read once and held as compactly as columns allow.

384,000 members take about 40 MB and a second here; the standard library's objects for them take
ten times the memory in every process.
"""

import os
import struct
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flows.storage.member import LARGEST
from schemas.errors import InputError

PLAIN, ZIPCRYPTO, AES = 0, 1, 2

PROBLEMS = (
    "",
    "it is encrypted by a method other than ZipCrypto and WinZip's AES",
    "it is compressed by a method other than deflate: pack the archive anew with deflate",
    "it is a symbolic link inside an archive",
    f"it has more than {LARGEST:,} bytes, the most that are read",
    "it says it is larger than its compressed bytes can hold",
    "it overlaps another member of the archive",
)
_ENCRYPTION, _COMPRESSION, _LINK, LARGE, _BOMB, _OVERLAP = range(1, len(PROBLEMS))

LARGEST_DIRECTORY = 128 << 20
"""Bytes; DeepFashion2's 384,000 members take 30 million."""

ENTRY = np.dtype(
    [
        ("size", "<i8"),
        ("packed", "<i8"),
        ("offset", "<i8"),
        ("crc", "<u4"),
        ("flags", "<u2"),
        ("method", "<u2"),  # of compression, also where the directory says 99 for AES
        ("time", "<u2"),
        ("cipher", "u1"),
        ("strength", "u1"),  # AES: 1, 2, 3 for 128, 192, 256 bits
        ("unchecked", "?"),  # AE-2 keeps no CRC, its authentication stands in
        ("problem", "u1"),  # place in PROBLEMS
    ]
)


class Entry(NamedTuple):
    """One row of ENTRY."""

    size: int
    packed: int
    offset: int
    crc: int
    flags: int
    method: int
    time: int
    cipher: int
    strength: int
    unchecked: bool
    problem: int


_RECORD = np.dtype(
    [
        ("signature", "<u4"),
        ("made_by", "<u2"),
        ("needs", "<u2"),
        ("flags", "<u2"),
        ("method", "<u2"),
        ("time", "<u2"),
        ("date", "<u2"),
        ("crc", "<u4"),
        ("packed", "<u4"),
        ("size", "<u4"),
        ("name", "<u2"),
        ("extra", "<u2"),
        ("comment", "<u2"),
        ("disk", "<u2"),
        ("internal", "<u2"),
        ("external", "<u4"),
        ("offset", "<u4"),
    ]
)
_SIGNATURE = 0x02014B50
_WIDE = 0xFFFFFFFF
_WIDENED = ("size", "packed", "offset")  # in the order zip64 has them
_STORED, _DEFLATED, _AES_METHOD = 0, 8, 99
_LINK_MODE, _TYPE_BITS, _UNIX = 0o120000, 0o170000, 3
_MOST = 1_032  # deflate cannot shrink anything further than this


def read_directory(path: Path) -> tuple[list[bytes], npt.NDArray[np.void]]:
    """The names, as bytes, and the entries (dtype ENTRY) of an archive; folders are left out.

    Raises InputError when the file is no zip, is cut short or is one volume of several.
    """
    with path.open("rb", buffering=0) as file:
        handle = file.fileno()
        length = os.fstat(handle).st_size
        start, size, count, shift = _find(handle, length, path)
        if size > LARGEST_DIRECTORY:
            raise InputError(
                f"{path} has a directory of {size:,} bytes, more than the {LARGEST_DIRECTORY:,} "
                "that are read: it is damaged, or not an archive of annotations."
            )
        directory = os.pread(handle, size, start)
    places, names = _walk(directory, path)
    if (len(places) - count) % 65_536:  # old tools count in 16 bits
        raise InputError(
            f"{path} is damaged: its directory promises {count:,} members and holds "
            f"{len(places):,}; fetch it again."
        )
    entries = np.empty(len(places), dtype=ENTRY)
    for first in range(0, len(places), 16_384):
        chosen = places[first : first + 16_384]
        raw = np.frombuffer(directory, dtype=np.uint8)[chosen[:, None] + np.arange(46)]
        entries[first : first + 16_384] = _entries(raw.view(_RECORD)[:, 0], directory, chosen, path)
    entries["offset"] += shift
    if (entries["offset"] + 30 + entries["packed"] > start).any() or (entries["offset"] < 0).any():
        raise InputError(f"{path} is damaged: members lie outside of it; fetch it again.")
    files = [
        place
        for place, name in enumerate(names)
        if not name.endswith(b"/") or entries["size"][place]
    ]
    if len(files) < len(names):
        names, entries = [names[place] for place in files], entries[files]
    _mark_overlaps(entries)
    return names, entries


def _find(handle: int, length: int, path: Path) -> tuple[int, int, int, int]:
    """Where the directory starts, its bytes, its members, and what precedes the archive proper."""
    tail_start = max(0, length - 65_557)
    tail = os.pread(handle, length - tail_start, tail_start)
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) - place < 22:
        raise InputError(
            f"{path} is no zip or is cut short: it has {length:,} bytes and no directory at its "
            "end; fetch it again."
        )
    disk, first, _, count, size, offset = struct.unpack_from("<HHHHII", tail, place + 4)
    end = tail_start + place
    if place >= 20 and tail[place - 20 : place - 16] == b"PK\6\7":
        (wide,) = struct.unpack_from("<Q", tail, place - 12)
        # Told from the archive's start, which something may precede: usually it lies right before.
        for at in (end - 76, wide):
            record = os.pread(handle, 56, at) if 0 <= at <= length - 56 else b""
            if record[:4] == b"PK\6\6":
                disk, first, _, count, size, offset = struct.unpack_from("<IIQQQQ", record, 16)
                end = at
                break
        else:
            raise InputError(
                f"{path} is damaged: its zip64 directory is not there; fetch it again."
            )
    if disk or first:
        raise InputError(f"{path} is one volume of a split archive: join the volumes first.")
    shift = end - size - offset
    if shift < 0:
        raise InputError(
            f"{path} is damaged: it promises more than its {length:,} bytes hold; fetch it again."
        )
    return end - size, size, count, shift


def _walk(directory: bytes, path: Path) -> tuple[npt.NDArray[np.int64], list[bytes]]:
    """Where each record starts, and its name. Records differ in length, so this is a loop."""
    lengths = struct.Struct("<HHH").unpack_from
    places: list[int] = []
    names: list[bytes] = []
    place, last = 0, len(directory) - 46
    while place <= last:
        name, extra, comment = lengths(directory, place + 28)
        places.append(place)
        names.append(directory[place + 46 : place + 46 + name])
        place += 46 + name + extra + comment
    if place != len(directory):
        raise InputError(f"{path} is damaged: its directory is not whole; fetch it again.")
    return np.array(places, dtype=np.int64), names


def _entries(
    records: npt.NDArray[np.void], directory: bytes, places: npt.NDArray[np.int64], path: Path
) -> npt.NDArray[np.void]:
    if (records["signature"] != _SIGNATURE).any():
        raise InputError(f"{path} is damaged: its directory is not whole; fetch it again.")
    entries = np.zeros(len(records), dtype=ENTRY)
    for field in ("size", "packed", "offset", "crc", "flags", "method", "time"):
        entries[field] = records[field]
    encrypted = records["flags"] & 1 > 0
    entries["cipher"] = np.where(encrypted, ZIPCRYPTO, PLAIN)

    wide = np.stack([records[field] == _WIDE for field in _WIDENED], axis=1)
    rows = np.flatnonzero(wide.any(axis=1) | (records["method"] == _AES_METHOD))
    starts = (places[rows] + 46 + records["name"][rows]).tolist()
    lengths = records["extra"][rows].tolist()
    columns = [entries[field] for field in _WIDENED]
    for row, fields, start, length in zip(
        rows.tolist(), wide[rows].tolist(), starts, lengths, strict=True
    ):
        extra = _extra(directory[start : start + length])
        numbers = extra.get(1, b"")
        if len(numbers) < 8 * sum(fields):
            raise InputError(
                f"{path} is damaged: a large member's size is missing; fetch it again."
            )
        for place, column in enumerate(compress(columns, fields)):
            (value,) = struct.unpack_from("<Q", numbers, 8 * place)
            column[row] = min(value, 1 << 50)
        aes = extra.get(0x9901, b"")
        if len(aes) >= 7 and records["method"][row] == _AES_METHOD:
            version, _, strength, method = struct.unpack_from("<HHBH", aes)
            entries["unchecked"][row] = version == 2
            entries["strength"][row] = strength
            entries["method"][row] = method
            entries["cipher"][row] = AES

    # Encrypted in other ways: strong encryption, a masked directory, AES that does not say how.
    foreign = (records["flags"] & 0x2040 > 0) | (entries["method"] == _AES_METHOD)
    foreign |= (entries["cipher"] == AES) & ~np.isin(entries["strength"], (1, 2, 3))
    mode = np.where(records["made_by"] >> 8 == _UNIX, records["external"] >> 16, 0)
    problems = (
        (_BOMB, entries["size"] > (entries["packed"] + 64) * _MOST),
        (LARGE, np.maximum(entries["size"], entries["packed"]) > LARGEST),
        (_LINK, (mode & _TYPE_BITS) == _LINK_MODE),
        (_COMPRESSION, ~np.isin(entries["method"], (_STORED, _DEFLATED))),
        (_ENCRYPTION, foreign),
    )
    for problem, found in problems:
        entries["problem"][found] = problem
    return entries


def _extra(data: bytes) -> dict[int, bytes]:
    fields = {}
    while len(data) >= 4:
        kind, length = struct.unpack_from("<HH", data)
        fields[kind] = data[4 : 4 + length]
        data = data[4 + length :]
    return fields


def _mark_overlaps(entries: npt.NDArray[np.void]) -> None:
    """Members that share bytes are how a small archive holds a great many large files."""
    order = np.argsort(entries["offset"], kind="stable")
    offsets = entries["offset"][order]
    ends = np.maximum.accumulate(offsets + 30 + entries["packed"][order])
    later = np.flatnonzero(offsets[1:] < ends[:-1]) + 1
    entries["problem"][order[later]] = _OVERLAP
