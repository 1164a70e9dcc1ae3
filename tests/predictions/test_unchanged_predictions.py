"""Files of predictions that are changed while they are read."""

import hashlib
import os

import pytest

from flows.predictions import unchanged_predictions
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
    with unchanged_predictions(paths) as digest:
        assert digest == hashlib.sha256(b"ab").hexdigest()


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
