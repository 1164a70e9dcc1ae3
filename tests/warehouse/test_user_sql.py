"""SQL of users: everything that DuckDB can do in memory, with limits, and errors as sentences."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from builders import garment, photo
from releases import write_files

from flows.warehouse import open_read_only, run_user_sql
from schemas.errors import InputError

ENDLESS = (
    "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range % 7 = 8"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(
        tmp_path_factory.mktemp("it's [here]"),
        images=[photo(1, "user", 1)],
        items=[garment(1, 1), garment(2, 1)],
    )


@pytest.fixture(scope="module")
def con(files):
    return open_read_only(files)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("select count(*) from items", 1),
        ("from items", 2),
        ("with a as (select * from items) select * from a;", 2),
        ("select 1 union all select 2", 2),
        ("with recursive n(k) as (select 1 union all select k + 1 from n where k < 5) from n", 5),
        ("values (1), (2), (3)", 3),
        ("describe items", 19),
        ("summarize items", 19),
        ("explain select * from items", 1),
        ("EXPLAIN ANALYZE select * from items", 1),
        ("select * from items pivot (count(*) for split in ('train'))", 2),
        ("pivot items on split using count(*) group by image_id", 2),
        ("select count(*) from split_totals", 1),
        ("select 'copy items to x' as copy", 1),
        (
            "from read_parquet('release://items/dataset=deepfashion2/split=train/part-00000.parquet')",
            2,
        ),
        ("select 1; values (1), (2)", 2),
        ("values (1), (2); create table t as select 1", 2),
        ("from items; drop view if exists nothing; set variable a = 1", 2),
        ("create temp table t as from items; insert into t from items; from t", 4),
        ("create table other(a int); insert into other values (1), (2) returning a", 2),
        ("create temp view v as from items; from v", 2),
        ("create temp macro twice(x) as 2 * x; select twice(image_id) from items", 2),
        ("set variable a = 1; select getvariable('a')", 1),
        ("prepare p as from items where image_id = ?; execute p(1)", 1),
        ("begin; create temp table t2 as select 1; rollback; select 1", 1),
        ("select * from query('from items')", 2),
    ],
)
def test_what_duckdb_can_do_in_memory_is_answered(con, text, rows):
    assert run_user_sql(con, text).read_all().num_rows == rows


def test_the_rows_of_the_last_statement_that_has_some_are_shown(con):
    for text in ("select 1 as a; select 2 as a", "select 2 as a; create temp table b as select 1"):
        assert run_user_sql(con, text).read_all().to_pylist() == [{"a": 2}]
    with pytest.raises(InputError, match="no statement has rows"):
        run_user_sql(con, "create temp table c as select 1")


def test_an_error_of_a_statement_whose_rows_are_not_shown_is_an_error(con):
    with pytest.raises(InputError, match="Could not convert string 'late'"):
        late = "select case when a < 300000 then '1' else 'late' end::int from range(300001) t(a)"
        run_user_sql(con, f"{late}; select 1")


def test_variables_of_this_program_are_not_tables(con):
    secret = {"a": [1]}
    with pytest.raises(InputError, match="secret does not exist"):
        run_user_sql(con, "select * from secret")
    assert secret


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select nothing from items", 'column "nothing" not found.*Candidate bindings'),
        ("select * from itms", 'itms does not exist! Did you mean "items"'),
        ("select * from read_csv('/etc/passwd')", "only the tables of this release can be read"),
        ("selec 1", 'syntax error at or near "selec"'),
        ("select $1", "Values were not provided"),
        ("", "no statement has rows"),
        ("-- a remark", "no statement has rows"),
        ("select '\udcff'", "not valid UTF-8"),
        ("update extensions", "StatementType"),
        ("select " + "(" * 3000 + "1" + ")" * 3000, "expression depth|stack|deep"),
        ("select '1e9999999'::date", "invalid date"),
        ("select " + "[" * 200 + "1" + "]" * 200, "Recursion level"),
    ],
)
def test_an_error_is_one_line(con, text, message):
    with pytest.raises(InputError, match=message) as caught:
        run_user_sql(con, text).read_all()
    assert "\n" not in str(caught.value)


def test_an_error_that_comes_while_reading_is_a_sentence_too(con):
    with pytest.raises(InputError, match="Could not convert string 'late'"):
        text = "select case when a < 3000000 then '1' else 'late' end::int from range(3000001) t(a)"
        run_user_sql(con, text).read_all()


@pytest.mark.slow
def test_the_memory_limit_ends_a_query_and_writes_nothing(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    con = open_read_only(files, memory_limit="100MB")
    with pytest.raises(InputError, match="more memory than its limit"):
        run_user_sql(con, "select list(a) from range(100000000) t(a)").read_all()
    with pytest.raises(InputError, match="more memory than its limit"):
        run_user_sql(con, "from (select md5(a::text) m from range(9000000) t(a) order by m)")
    assert run_user_sql(con, "select 1").read_all().num_rows == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", ["much", "4 parsecs", "-1GB", "-1", "0"])
def test_a_memory_limit_is_a_size(size):
    with pytest.raises(InputError, match="is not a memory limit"):
        open_read_only({}, memory_limit=size)


@pytest.mark.slow
@pytest.mark.parametrize("text", [ENDLESS, "from range(1000000000000)", f"select 1; {ENDLESS}"])
def test_the_time_limit_ends_a_query(con, text):
    start = time.monotonic()
    with pytest.raises(InputError, match=r"did not finish within 0\.3 seconds"):
        for _ in run_user_sql(con, text, timeout=0.3):
            pass
    assert time.monotonic() - start < 10
    assert run_user_sql(con, "select 1", timeout=60).read_all().num_rows == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        f"run_user_sql(con, {ENDLESS!r}).read_all()",
        "list(run_user_sql(con, 'from range(10000000000000)'))",
    ],
)
def test_ctrl_c_stops_a_query_that_would_not_end(query):
    program = f"""
from flows.warehouse import open_read_only, run_user_sql
con = open_read_only({{}}, threads=1)
print("started", flush=True)
try:
    {query}
except KeyboardInterrupt:
    print("stopped")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out == "stopped\n"


def test_an_error_of_the_disk_while_reading_is_a_sentence(files, monkeypatch):
    con = open_read_only(files)

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("flows.storage.place.read_at", fail)
    with pytest.raises(InputError, match=r"Input/output error.*wardrobe verify") as caught:
        run_user_sql(con, "select count(distinct style) from items").read_all()
    assert "\n" not in str(caught.value)


def test_the_settings_are_locked_and_no_folder_is_open(con):
    values = con.execute(
        "select current_setting('allowed_directories'), current_setting('temp_directory')"
    ).fetchall()
    assert values == [([], "")]
    for text in ("set lock_configuration = false", "set enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            con.execute(text)
