"""Conditions of users in their process: bounded memory and time, and what follows a failure."""

import multiprocessing
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from releases import image, item, write_release

from flows.release import open_release
from flows.warehouse import ConfinedProcess, in_parentheses
from schemas.errors import InputError

pytestmark = pytest.mark.slow

MOST_MIB = 700
"""Of the process in memory: about 150 when it is open, and what it may allocate."""

LARGE_VALUES = (
    "len(range(1000000000 + image_id)) > style",
    "len(list_transform(range(300000000 + image_id), lambda x: x + 1)) > style",
    "length(repeat('x', 1000000000)) > style",
    "length(repeat('x', 2000000000 + image_id)) > 0",
    "length(lpad(category_name, 2000000000 - item_no, 'x')) > 0",
    "len(list_resize([image_id], 1000000000)) > 0",
    "length(printf('%' || '1500000000d', image_id)) > 0",
    "length(list_reduce(list_transform(range(40 + image_id), lambda x: 'xy'), "
    "lambda x, y: x || x)) > 0",
    "(select len(list(a.range + b.range)) from range(100000) a, range(100000) b) > style",
    "(select length(string_agg(repeat('x', 1000), '')) from range(10000000)) > style",
    "exists (with recursive n as (select 'x' as t union all select t || t from n) "
    "select 1 from n where t = '')",
)


class MeasuredProcess(ConfinedProcess):
    """Keeps the most that a process had in memory, in MiB, also of those that it replaces."""

    peak = 0.0

    def measure(self) -> float:
        if self._process is not None and self._process.is_alive():
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) / 1024)
        return self.peak

    def close(self) -> None:
        self.measure()
        super().close()


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    release = open_release(write_release(tmp_path_factory.mktemp("lake"), [image(1, item())]))
    process = MeasuredProcess(
        release.tables(), memory_limit="128MB", modified=datetime(2026, 11, 21, tzinfo=UTC)
    )
    yield process
    process.close()


def numbers(process: MeasuredProcess, condition: str, timeout: float = 10.0) -> list[int]:
    sql = f"select image_id from items_full where {in_parentheses(condition)}"
    return process.rows(sql, condition, timeout)["image_id"].to_pylist()


@pytest.mark.parametrize("condition", LARGE_VALUES)
def test_a_condition_with_large_values_ends_with_a_sentence_in_bounded_memory(process, condition):
    start = time.monotonic()
    with pytest.raises(InputError) as refused:
        numbers(process, condition, timeout=1)
    assert "\n" not in str(refused.value)
    assert "Binder" not in str(refused.value), "the attack itself is wrong"
    assert process.measure() < MOST_MIB
    assert time.monotonic() - start < 30
    assert numbers(process, "style = 0") == [1]


@pytest.mark.parametrize("timeout", [0.1, 20])
def test_thousands_of_parentheses_are_bounded_in_time_and_memory(process, timeout):
    assert numbers(process, "true") == [1]
    start = time.monotonic()
    with pytest.raises(InputError, match=r"stopped after|needs more memory"):
        numbers(process, "(" * 4000, timeout)
    assert time.monotonic() - start < 15 and process.measure() < MOST_MIB
    assert numbers(process, "true") == [1]


def test_the_process_of_a_query_that_died_is_replaced(process):
    assert numbers(process, "true") == [1]
    assert process._process is not None
    process._process.kill()
    process._process.join()
    assert numbers(process, "true") == [1]


def test_a_process_ends_with_its_owner():
    before = set(multiprocessing.active_children())
    process = ConfinedProcess({}, memory_limit="128MB", modified=datetime(2026, 11, 21, tzinfo=UTC))
    assert process.rows("select 1 as n where true", "true", 10.0)["n"].to_pylist() == [1]
    (child,) = set(multiprocessing.active_children()) - before
    del process
    child.join(20)
    assert not child.is_alive()


def test_why_a_process_does_not_open_is_the_sentence_of_its_first_query():
    process = ConfinedProcess({}, memory_limit="no size", modified=datetime.now(UTC))
    with pytest.raises(InputError, match="'no size' is not a memory limit"):
        process.rows("select 1", "true", 10.0)


def test_other_text_than_one_condition_is_not_executed(process):
    for condition in ("true) or (true", "true; select 2", "$x", "true --\n) or (true"):
        with pytest.raises(InputError, match="condition"):
            numbers(process, condition)
