"""Tables on a terminal: every value shown is whole, and columns that are left out are named."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.cli.output import print_rows, with_subsets
from flows.lake import Lake
from flows.pipelines.evaluate import with_published
from flows.pipelines.outcome import split_totals
from flows.pipelines.query import data_dictionary, query_list, table_rows, user_sql
from flows.pipelines.releases import release_list
from schemas.baselines import BASELINES
from schemas.scores import SCORES

WIDTHS = (80, 120)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
NOTE = re.compile(r"^(\d+) more columns? on a wider terminal or in a pipe: (.*)", re.DOTALL | re.M)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(rows: pa.Table, width: int) -> str:
    """What a terminal of this width shows of rows."""
    terminal = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setattr(sys, "stdout", terminal)
        print_rows(rows)
    return ESCAPES.sub("", terminal.getvalue())


def words(table: pa.Table) -> Counter[str]:
    """The words of all cells of a table of text and numbers."""
    cells = (cell for column in table.columns for cell in column.to_pylist())
    return Counter(word for cell in cells if cell is not None for word in str(cell).split())


def assert_whole(rows: pa.Table, width: int) -> str:
    """Each word of the columns that are not named as left out is shown once, uncut; the text."""
    text = shown(rows, width)
    assert all(len(line) <= width for line in text.splitlines())
    note = NOTE.search(text)
    hidden = note[2].replace("\n", " ").split(", ") if note else []
    hidden = [name.strip() for name in hidden]
    assert len(hidden) == (int(note[1]) if note else 0)
    names = [name for name in rows.column_names if name not in hidden]
    assert rows.column_names == names + hidden
    body = text[: note.start()] if note else text
    if body.startswith("row 1 ─") or "─" not in body:
        count = Counter(names * rows.num_rows)
        body = re.sub(r"^row \d+ ─+$", "", body, flags=re.M)
    else:
        header, _, body = body.partition("─")
        count = Counter()
        assert Counter("".join(header.split())) == Counter("".join(names))
    assert Counter(body.replace("─", "").split()) == words(rows.select(names)) + count
    return text


def answer(lake, text: str) -> pa.Table:
    with user_sql(lake, None, text) as rows:
        return rows.read_all()


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_commands_show_whole_values_on_a_terminal(lake, width):
    release = Lake(lake).release()
    for rows in (
        split_totals(release),
        table_rows(release.manifest),
        release_list(lake)[0],
        data_dictionary(None),
        data_dictionary("items"),
        query_list(),
        answer(lake, "select * exclude (x1, y1, x2, y2) from items"),
        answer(lake, "select * exclude (x1, y1, x2, y2) from items limit 3"),
    ):
        assert_whole(rows, width)


@pytest.mark.slow
def test_meanings_and_totals_are_shown_at_80_columns(lake):
    assert NOTE.search(assert_whole(data_dictionary("items"), 80)) is None
    totals = assert_whole(split_totals(Lake(lake).release()), 80)
    assert totals.endswith("2 more columns on a wider terminal or in a pipe: polygons, pairs\n")
    assert NOTE.search(assert_whole(split_totals(Lake(lake).release()), 120)) is None


def test_a_few_rows_that_are_too_wide_become_records():
    rows = pa.table({f"column_{number}": [number, 10**17 + number] for number in range(20)})
    lines = assert_whole(rows, 80).splitlines()
    assert lines[0] == "row 1 " + "─" * 74
    assert lines[1] == "column_0    0"
    assert lines[22] == "column_0    100000000000000000"
    assert shown(rows.slice(0, 1), 80).splitlines()[0] == "column_0    0"


def test_many_rows_lose_whole_columns_at_the_end():
    rows = pa.table({f"column_{number}": [10**17 + number] * 6 for number in range(20)})
    text = assert_whole(rows, 80)
    assert "16 more columns on a wider terminal or in a pipe: column_4, column_5," in text


def test_a_table_without_rows_shows_its_columns():
    rows = pa.table({f"a_long_name_{number}": pa.array([], "int64") for number in range(20)})
    assert_whole(rows, 80)


def test_text_wraps_between_words_and_a_longer_word_stays_whole():
    path = "/a/" + "very_" * 30 + "long/path.jpg"
    rows = pa.table({"path": [path, "b"] * 3, "number": [123456789] * 6})
    text = shown(rows, 80)
    assert path in text
    assert text.endswith("1 more column on a wider terminal or in a pipe: number\n")
    prose = "A sentence with many words of which none is cut. " * 5
    assert_whole(pa.table({"id": [20261121] * 9, "text": [prose] * 9}), 80)


def test_wide_characters_count_twice():
    rows = pa.table({"name": ["上衣 " * 60], "number": [1234567]})
    for line in shown(rows, 80).splitlines():
        assert len(line) + line.count("上") + line.count("衣") <= 80


WORD = st.text("abcdefghijklmnop_-/.0123456789", min_size=1, max_size=30)
COLUMNS = st.lists(
    st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=7, max_size=7),
        st.lists(st.lists(WORD, max_size=12).map(" ".join), min_size=7, max_size=7),
    ),
    min_size=1,
    max_size=15,
)


@pytest.mark.slow
@settings(max_examples=30)
@given(COLUMNS, st.integers(0, 7), st.sampled_from(WIDTHS))
def test_no_value_is_cut_whatever_the_rows(columns, count, width):
    names = [f"c_{number}" for number in range(len(columns))]
    assert_whole(pa.table(dict(zip(names, columns, strict=True))).slice(0, count), width)


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_command_reads_the_width_of_its_terminal(lake, width):
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "query", "split_totals", "--lake", str(lake)],
        stdout=terminal,
        env={name: os.environ[name] for name in os.environ if name != "COLUMNS"}
        | {"TERM": "xterm"},
    )
    process.wait()
    text = ESCAPES.sub("", os.read(controller, 65536).decode()).replace("\r", "")
    os.close(terminal)
    os.close(controller)
    assert text == shown(split_totals(Lake(lake).release()), width)


def test_a_terminal_of_80_columns_shows_a_score_next_to_its_published_one():
    rows = [
        {
            **{"dataset": "deepfashion2", "split": "validation", "task": "detection"},
            **{"metric": metric, "attribute": attribute, "value": value, "mode": mode},
            **{"category": category, "score": 0.5432, "count": 31_961, "skipped": 20_529},
            **{"missing": 31, "release": "r", "predictions_sha256": "0", "kernel": "hotcoco"},
        }
        for metric in ("AP", "AP50", "AP_large")
        for attribute, value, mode, category in (
            ("all", "all", None, "all"),
            ("all", "all", None, "short_sleeved_outwear"),
            ("viewpoint", "side_or_back", "removed", "all"),
        )
    ]
    text = shown(with_subsets(with_published(pa.Table.from_pylist(rows, SCORES))), 80)
    assert max(map(len, text.splitlines())) <= 80
    (published,) = {
        baseline.score
        for baseline in BASELINES
        if (baseline.task, baseline.metric, baseline.value) == ("detection", "AP", "side_or_back")
    }
    assert re.search(rf"^AP +viewpoint.* 0\.5432 +{published} ", text, re.MULTILINE)
    assert "short_sleeved_outwear" in text
