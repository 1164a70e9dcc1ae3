"""Reads at a position, also where the system has no call for it."""

import os
from concurrent.futures import ThreadPoolExecutor

from flows.storage import descriptors


def test_threads_read_one_descriptor_at_their_own_positions_without_pread(tmp_path):
    data = bytes(range(256)) * 4000
    (tmp_path / "data").write_bytes(data)
    descriptor = os.open(tmp_path / "data", descriptors.READ_NO_LINK)
    starts = [number * 997 % (len(data) - 1000) for number in range(3000)]
    try:
        with ThreadPoolExecutor(8) as pool:
            pieces = pool.map(
                lambda start: descriptors._seek_and_read(descriptor, 1000, start), starts
            )
            assert list(pieces) == [data[start : start + 1000] for start in starts]
        assert descriptors._seek_and_read(descriptor, 10, len(data) - 4) == data[-4:]
    finally:
        os.close(descriptor)
