"""A file is written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.storage.atomic import PARTIAL_SUFFIX, atomic_write

REPOSITORY = Path(__file__).parents[2]


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_or_a_full_disk_leaves_the_old_file_and_no_partial_one(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"half")
        _ = 1 / 0
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_flushed_before_the_rename_and_the_folder_after_it(tmp_path, monkeypatch):
    path, steps = tmp_path / "manifest.json", []
    fsync, replace = os.fsync, Path.replace

    def flushed(handle):
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(partial, target):
        assert partial.read_bytes() == b"new"
        steps.append("rename")
        return replace(partial, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    with atomic_write(path) as file:
        file.write(b"new")
    assert steps == ["file", "rename", "folder"]


@pytest.mark.slow
def test_a_kill_leaves_the_old_file_and_at_most_a_partial_one(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")
    script = (
        "import os, signal, sys\n"
        "from flows.storage.atomic import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file:\n"
        "    file.write(b'half')\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], cwd=REPOSITORY)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    (partial,) = set(tmp_path.iterdir()) - {path}
    assert partial.name.endswith(PARTIAL_SUFFIX)
