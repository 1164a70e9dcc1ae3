"""People's own SQL reads the release and harms nothing: every way out that was thought of."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from tiny_release import garment, photo, tiny_release

from flows.warehouse import open_for_people, run_sql
from flows.warehouse.people import vet
from schemas.errors import InputError


@pytest.fixture
def files(tmp_path):
    return tiny_release(
        tmp_path / "it's [here]", images=[photo(1, "user", 1)], items=[garment(1, 1), garment(2, 1)]
    )


@pytest.fixture
def con(files, tmp_path):
    return open_for_people(files, temp_directory=tmp_path / "spill")


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
        ("select count(*) from split_totals", 1),
        ("select 'copy items to x' as copy", 1),
    ],
)
def test_what_reads_is_answered(con, text, rows):
    assert run_sql(con, text).read_all().num_rows == rows


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from read_parquet('/etc/passwd')",
        "select * from parquet_metadata('/etc/passwd')",
        "select * from sniff_csv('/etc/passwd')",
        "select * from read_json('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from '/etc/passwd'",
        "from '/etc/passwd'",
        "select * from 'http://127.0.0.1/x.parquet'",
        "select getenv('HOME')",
        "select * from duckdb_secrets()",
        "select * from query('select 1')",
        "select * from query('with a as (copy items to ''x'') select 1')",
        "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    ],
)
def test_nothing_else_can_be_read(con, text):
    with pytest.raises(InputError):
        run_sql(con, text).read_all()


@pytest.mark.parametrize(
    "text",
    [
        "copy items to '{out}'",
        "copy (select 1) to '{out}' (format csv, use_tmp_file false)",
        "with a as (copy (select 1) to '{out}') select * from a",
        "select * from (with a as (copy (select 1) to '{out}') select 1)",
        "select (with a as (copy (select 1) to '{out}') select 1)",
        "explain analyze copy (select 1) to '{out}'",
        "explain analyze with a as (copy (select 1) to '{out}') select 1",
        "attach '{out}'",
        "attach '{out}' as other; select 1",
        "create table mine as select 1",
        "create view items as select 1",
        "drop view items",
        "insert into items select * from items",
        "with a as (insert into mine values (1) returning *) select * from a",
        "with a as (delete from mine returning *) select * from a",
        "update items set style = 0",
        "delete from items",
        "truncate items",
        "alter view items rename to mine",
        "export database '{out}'",
        "import database '{out}'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "reset threads",
        "pragma threads = 1",
        "call pragma_version()",
        "use memory",
        "begin",
        "checkpoint",
        "vacuum",
        "prepare a as select 1",
        "execute a",
        "set variable a = 1",
        "create secret (type s3)",
        "create macro f(x) as x",
        "select 1; select 2",
        "select 1; copy items to '{out}'",
        "",
        "-- nothing but a remark",
        "selec 1",
    ],
)
def test_nothing_can_be_written_or_set(con, files, tmp_path, text):
    (target,) = files["items"]
    before = target.read_bytes()
    for out in (target, tmp_path / "new.csv"):
        with pytest.raises(InputError):
            run_sql(con, text.replace("{out}", str(out).replace("'", "''"))).read_all()
    assert target.read_bytes() == before
    assert not (tmp_path / "new.csv").exists()
    assert run_sql(con, "select count(*) from items").read_all().to_pylist() == [
        {"count_star()": 2}
    ]


def test_variables_of_this_program_are_no_tables(con):
    secret = {"a": [1]}
    with pytest.raises(InputError, match="secret does not exist"):
        run_sql(con, "select * from secret")
    assert secret


def test_the_lock_itself_cannot_be_opened(con):
    for text in ("set lock_configuration = false", "set enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            con.execute(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select nothing from items", 'column "nothing" not found.*Candidate bindings'),
        ("select * from itms", 'itms does not exist! Did you mean "items"'),
        ("select * from read_csv('/etc/passwd')", "only the tables of this release can be read"),
        ("selec 1", 'syntax error at or near "selec"'),
        ("copy items to 'x'", "not COPY"),
        ("with a as (copy items to 'x') select 1", "holds a COPY|needs a SELECT"),
        ("select 1; select 2", "one statement at a time"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(con, text, message):
    with pytest.raises(InputError, match=message) as caught:
        run_sql(con, text)
    assert "\n" not in str(caught.value)


def test_an_error_that_comes_while_reading_is_a_sentence_too(con):
    with pytest.raises(InputError, match="Could not convert string 'late'"):
        text = "select case when a < 3000000 then '1' else 'late' end::int from range(3000001) t(a)"
        run_sql(con, text).read_all()


def test_a_question_that_eats_memory_is_stopped(files, tmp_path):
    con = open_for_people(files, memory_limit="100MB", temp_directory=tmp_path / "spill")
    with pytest.raises(InputError, match="more memory than it may take"):
        run_sql(con, "select list(a) from range(100000000) t(a)").read_all()
    assert run_sql(con, "select 1").read_all().num_rows == 1


def test_a_large_sort_spills_under_the_lock(files, tmp_path):
    con = open_for_people(files, threads=1, memory_limit="60MB", temp_directory=tmp_path / "spill")
    text = "select max(m) from (select md5(a::varchar) as m from range(900000) t(a) order by m)"
    assert run_sql(con, text).read_all().num_rows == 1


def test_ctrl_c_stops_a_question_that_would_not_end():
    endless = """
from flows.warehouse import open_for_people, run_sql
con = open_for_people({}, threads=1)
print("asking", flush=True)
try:
    run_sql(con, "select count(*) from range(1000000000) a, range(1000000000) b "
                 "where a.range * b.range % 7 = 8").read_all()
except KeyboardInterrupt:
    print("stopped")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", endless],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "asking\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out == "stopped\n"


@pytest.mark.parametrize("depth", [10, 900])
def test_deep_statements_are_read_without_a_crash(depth):
    vet("(" * depth + "select 1" + ")" * depth)
    with pytest.raises(InputError):
        vet("(" * depth + "with a as (copy (select 1) to 'x') select 1" + ")" * depth)
