"""Terminal output: file names and cells cannot control it, and a closed one is not an error."""

import io
import os
import pty
import subprocess
import sys

import pytest
from command_line import wardrobe, wardrobe_process

from flows.cli.terminal import SafeStream, printable

ESCAPE = "\x1b]0;owned\x07\x1b[31m"
UGLY = f"a{ESCAPE}\u202e\x9b\udc80 b\n"
SHOWN = "a\\x1b]0;owned\\x07\\x1b[31m\\u202e\\x9b\\udc80 b\n"


def test_control_characters_become_visible_and_the_rest_stays():
    assert printable(UGLY) == SHOWN
    assert printable("größe 上衣\tx\n") == "größe 上衣\tx\n"


def test_bytes_are_escaped_on_a_terminal_and_unchanged_in_a_file():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    sink = SafeStream(shown).buffer
    for byte in "ä\x1b[2J".encode():
        sink.write(bytes([byte]))
    assert shown.getvalue() == "ä\\x1b[2J"
    file = io.TextIOWrapper(io.BytesIO())
    assert SafeStream(file).buffer is file.buffer


@pytest.fixture
def ugly_source(sources, tmp_path):
    """A folder whose name contains escape sequences, with a source in it."""
    folder = tmp_path / f"in{ESCAPE}"
    folder.mkdir()
    (folder / "fashionai").symlink_to(sources / "fashionai")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["ingest", "fashionai", "UGLY/nowhere"],
        ["tables", "--lake", "UGLY/no lake"],
        ["schema", "UGLY"],
        ["UGLY"],
        ["tables", "--UGLY"],
        ["sample", "fashionai", "UGLY/sample", "--images", "4"],
        ["sql", 'select 1 as "UGLY"'],
        ["show", "deepfashion2", "train", "1", "--output", "UGLY/none/one.png"],
        ["export", "coco", "deepfashion2", "train", "--output", "UGLY/none/coco.json"],
    ],
    ids=lambda words: words[0],
)
def test_names_do_not_control_the_terminal(words, ugly_source, lake):
    words = [word.replace("UGLY", str(ugly_source)) for word in words]
    done = wardrobe(*words, lake=lake)
    assert "\x1b" not in done.stdout + done.stderr and "\x07" not in done.stdout + done.stderr
    assert "\\x1b]0;owned\\x07" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_header_on_a_terminal_keeps_its_style_and_cells_control_nothing(lake):
    controller, terminal = pty.openpty()
    text = "select 'a' || chr(27) || ']0;x' as \"n\x1b]0;y\""
    subprocess.run(
        [sys.executable, "-m", "flows", "sql", text, "--lake", str(lake)],
        stdout=terminal,
        env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": ""},
        check=True,
    )
    shown = os.read(controller, 10_000).decode()
    os.close(terminal)
    os.close(controller)
    assert "\x1b]" not in shown
    assert "\\x1b]0;x" in shown and "\\x1b]0;y" in shown
    assert "\x1b[1m" in shown


@pytest.mark.slow
def test_a_full_disk_behind_stdout_is_one_sentence(lake):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "flows", "tables", "--lake", str(lake)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "wardrobe: [Errno 28] No space left on device\n"


@pytest.mark.slow
def test_a_closed_stdout_is_not_an_error(lake):
    words = f"{sys.executable} -m flows tables --lake {lake}"
    for closed in ("--format csv >&-", "2>&-", ">&- 2>&-"):
        assert subprocess.run(["sh", "-c", f"{words} {closed}"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    ["sql 'from range(1000000)' --format csv", "sql 'from landmarks' --format json", "schema"],
)
def test_a_pipe_closed_early_is_not_an_error(words, lake):
    script = f"{sys.executable} -m flows {words} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "WARDROBE_LAKE": str(lake)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.slow
def test_names_beyond_the_locale_are_escaped(lake):
    text = "select '上衣' as top"
    done = wardrobe_process("sql", text, WARDROBE_LAKE=str(lake), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\\u4e0a\\u8863" in done.stdout
