"""Files of predictions that are changed while they are read."""

import hashlib
import os

import pytest

from flows.predictions import (
    digest,
    predictions_by_sha256,
    predictions_sha256,
    unchanged_predictions,
)
from schemas.errors import InputError


def rewritten(path):
    path.write_bytes(b"[1, 2]")


def touched(path):
    os.utime(path, ns=(0, 0))


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def test_the_digest_is_of_all_files_in_their_order(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(path.name.encode())
    assert predictions_sha256(paths) == hashlib.sha256(b"ab").hexdigest()


def test_consecutive_files_have_the_digest_of_all_of_them_and_are_read_once(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in "abcd"]
    for path in paths:
        path.write_bytes(path.name.encode())
    opened = []
    open_predictions = digest.open_predictions

    def counted(path):
        opened.append(path)
        return open_predictions(path)

    monkeypatch.setattr(digest, "open_predictions", counted)
    by_sha256 = predictions_by_sha256(paths)
    assert opened == paths
    names = ["a", "b", "c", "d", "ab", "bc", "cd", "abc", "bcd", "abcd"]
    assert {hashlib.sha256(name.encode()).hexdigest() for name in names} == by_sha256.keys()
    assert by_sha256[hashlib.sha256(b"bc").hexdigest()] == paths[1:3]


@pytest.mark.parametrize("change", [rewritten, touched, replaced])
def test_a_file_that_changes_meanwhile_is_refused(change, tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(b"[]")
    with (
        pytest.raises(InputError, match="b was changed while it was read: run the command again"),
        unchanged_predictions(paths),
    ):
        change(paths[1])
