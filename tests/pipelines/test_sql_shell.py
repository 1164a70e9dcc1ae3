"""`wardrobe sql` from a file, from standard input, and as a shell on a terminal."""

import io
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from unittest import mock

import pytest
from command_line import is_one_sentence, wardrobe
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from flows.cli.output import print_rows
from flows.cli.sql_shell import run_shell
from flows.pipelines.query import sql_session
from schemas.errors import InputError

pytestmark = pytest.mark.slow

COUNT = "create temp table shots as from items_full;\nselect count(*) > 50 as many from shots;"


@pytest.mark.parametrize("words", [["--file", "many.sql"], ["-f", "-"], []])
def test_sql_comes_from_a_file_or_standard_input(words, lake, tmp_path):
    text = f"\ufeff-- größer\n{COUNT}".encode()
    (tmp_path / "many.sql").write_bytes(text)
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(text))):
        done = wardrobe("sql", *words, "--format", "csv", lake=lake, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "many\ntrue\n")


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (["--file", "none.sql"], None, "none.sql: No such file"),
        (["--file", "."], None, ".: Is a directory"),
        (["--file", "-", "select 1"], None, "not both"),
        ([], None, "no SQL"),
        ([], io.TextIOWrapper(io.BytesIO()), "no statement has rows"),
        ([], io.TextIOWrapper(io.BytesIO(b"select '\xff'")), "not valid UTF-8"),
        # A terminal, but the output is not one.
        ([], Terminal(io.BytesIO()), "no SQL"),
    ],
)
def test_missing_sql_is_one_sentence(words, stdin, says, lake, tmp_path):
    with mock.patch.object(sys, "stdin", stdin):
        done = wardrobe("sql", *words, lake=lake, cwd=tmp_path)
    assert is_one_sentence(done) and says in done.stderr


@pytest.fixture
def shell(lake, tmp_path, monkeypatch, capsys):
    """Types keys into a shell whose history is in a new home; returns what it prints."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def run(keys):
        with create_pipe_input() as terminal, sql_session(lake, None) as session:
            terminal.send_text(keys + "\x04")
            run_shell(*session, print_rows, input=terminal, output=DummyOutput())
        return capsys.readouterr()

    return run


def test_the_shell_keeps_temporary_tables_views_and_macros(shell):
    made = "create temp table a as\rselect 2 as x;\rcreate temp view b as from a;\r"
    macro = "create temp macro twice(x) as 2 * x;\r"
    done = shell(made + macro + "select twice(x) as four from b; select 'second';\r")
    assert "four" in done.out and "second" in done.out
    assert done.err == ""


def test_a_semicolon_in_a_string_or_comment_ends_nothing(shell):
    done = shell("select 'ä;\rb' as text, -- one;\r7 as number;\r")
    assert "number" in done.out and "ä;" in done.out and done.err == ""


def test_an_error_and_ctrl_c_leave_the_shell_open(shell):
    done = shell("selec 1;\rselect 1\x03copy items to 'x';\rselect 5 as five;\r")
    assert [line.startswith("wardrobe: ") for line in done.err.splitlines()] == [True, True]
    assert "syntax error" in done.err and "only the tables" in done.err
    assert "five" in done.out


def test_commands_of_the_shell_describe_the_release(shell):
    done = shell(
        ".tables\r.schema landmarks_full\r.nothing\r.schema none\r.quit\rselect 6 as six;\r"
    )
    assert "polygons" in done.out and "sigma" in done.out and ".schema [NAME]" in done.out
    assert "unknown table none" in done.err
    assert "six" not in done.out


def test_statements_are_recalled_from_a_private_history(shell, tmp_path):
    shell("select 41 + 1 as answer;\r")
    assert (tmp_path / ".wardrobe_history").stat().st_mode & 0o777 == 0o600
    assert "42" in shell("\x1b[A\r").out
    (tmp_path / ".wardrobe_history").unlink()
    (tmp_path / ".wardrobe_history").mkdir()
    assert "42" in shell("select 41 + 1;\r\x1b[A\r").out


def test_names_that_tab_completes_include_those_of_temporary_tables(lake):
    with sql_session(lake, None) as (_, session):
        list(session.run("create temp table mine as select 1 as yours"))
        assert {"select", "median", "items_full", "pair_id", "mine", "yours"} <= {*session.words()}
        with pytest.raises(InputError, match="Could not convert"):
            list(next(session.run("begin; select 'x'::int")))
        assert session.words() == []
        list(session.run("rollback"))
        assert "items_full" in session.words()


@pytest.fixture
def terminal_shell(lake, tmp_path):
    """A shell in a process on a terminal: its controller, itself, and a function that waits."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 120))
    shell = subprocess.Popen(
        [sys.executable, "-m", "flows", "sql", "--lake", str(lake)],
        stdin=terminal,
        stdout=terminal,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
    )
    os.close(terminal)
    shown = b""

    def wait_for(text):
        nonlocal shown
        while text not in shown:
            shown += os.read(controller, 10_000)
        before, _, shown = shown.partition(text)
        return before

    yield controller, shell, wait_for
    shell.kill()
    shell.wait()
    os.close(controller)


def test_a_terminal_opens_the_shell_and_rows_do_not_control_it(terminal_shell):
    controller, shell, wait_for = terminal_shell
    wait_for(b"wardrobe>")
    os.write(controller, b"select chr(27) || ']0;x' as cell from landmarks_f\t")
    wait_for(b"ull")
    os.write(controller, b" limit 1;\r")
    before = wait_for(b"\\x1b]0;x")
    assert b"\x1b]0;x" not in before
    wait_for(b"wardrobe>")
    os.write(controller, b"\x04")
    assert shell.wait(60) == 0


@pytest.mark.parametrize("busy", [False, True])
def test_sigterm_ends_the_shell_also_during_a_query(busy, terminal_shell):
    controller, shell, wait_for = terminal_shell
    wait_for(b"wardrobe>")
    if busy:
        os.write(
            controller,
            b"select sum(sin(a.range * b.range)) from range(1000000) a, range(1000000) b;\r",
        )
        wait_for(b"b;")
        time.sleep(1)
    shell.send_signal(signal.SIGTERM)
    assert shell.wait(30) == 143
