"""The command line: results on stdout, one sentence for errors, exit codes, help texts."""

import inspect
import json
import re
from dataclasses import MISSING, fields

import click
import pytest
import typer
from command_line import is_one_sentence, wardrobe

from flows.cli.application import app
from flows.lake import Lake
from flows.pipelines.request import IngestRequest


def test_version_shows_the_folder_of_the_package():
    done = wardrobe("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("wardrobe 0.")
    assert done.stdout.strip().endswith("flows)")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tables", "--lake", "nowhere"], "is not a lake"),
        (["ingest", "deepfashion2", "/does/not/exist"], "does not exist"),
        (["ingest", "deepfashion2", "/does", "--split", "trian"], "has no split trian"),
        (["schema", "itmes"], "unknown table itmes: did you mean items?"),
        (["schema", "zzzzzz"], "unknown table zzzzzz: the tables are images, "),
        (["query", "positive_pair", "--describe"], "did you mean positive_pairs?"),
        (["query", "items.wrods", "--describe"], "did you mean items.words?"),
        (["query", "--describe"], "--describe needs the name of a query"),
        (["status"], "is not a lake"),
        (["status", "--max-age", "soon"], "'soon' is not an age"),
        (["derive", "--log-format", "xml"], "'xml' is not one of"),
        (["serve", "--cron", "0 3 * * *", "deepfashion2", "."], "needs a Prefect server"),
        (["rejections", "--rule", "no_rule"], "unknown rule no_rule"),
        (["sql", "select 1", "--file", "a.sql"], "not both"),
        (["sql", "--file", "a.sql"], "a.sql: No such file"),
        (["export", "duckdb", "--output", "a.duckdb", "--lake", "nowhere"], "is not a lake"),
        (["ingest", "other", "/data"], "'other' is not one of"),
        (["show", "deepfashion2"], "missing argument"),
        (["tables", "--nope"], "no such option"),
        (["nothing"], "no such command"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(words, says, tmp_path):
    done = wardrobe(*words, cwd=tmp_path, PREFECT_HOME=str(tmp_path))
    assert is_one_sentence(done)
    assert says in done.stderr


def command_groups(command: click.Command, *words: str):
    """Every command and group with its words."""
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from command_groups(child, *words, name)


@pytest.mark.parametrize("width", ["40", "80"])
def test_the_lists_of_commands_have_whole_descriptions(width, monkeypatch):
    monkeypatch.setenv("TERMINAL_WIDTH", width)
    for words, group in command_groups(typer.main.get_command(app)):
        listed = " ".join(wardrobe(*words, "--help", COLUMNS=width).stdout.split())
        for name, command in getattr(group, "commands", {}).items():
            (first, *_) = command.help.split("\n")
            assert f"{name} {first}" in listed, (width, words)


@pytest.mark.slow
def test_help_fits_into_80_columns_and_nothing_is_cut(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    for words, _ in command_groups(typer.main.get_command(app)):
        done = wardrobe(*words, "--help")
        assert done.returncode == 0
        for line in done.stdout.splitlines():
            assert len(line) <= 80, line
            assert line.startswith("Usage:") or not line.endswith("..."), (words, line)


def test_ingest_has_an_option_for_each_field_of_the_request_with_its_help():
    options = {
        option.name: option for option in typer.main.get_command(app).commands["ingest"].params
    }
    declared = inspect.get_annotations(IngestRequest)
    for field in fields(IngestRequest):
        option = options.pop(field.name)
        assert option.required == (field.default is MISSING)
        if field.name not in ("dataset", "lake"):
            assert declared[field.name].__metadata__[0] in option.help
    others = {"workers", "password_file", "dry_run", "prefect", "log_format", "engine", "master"}
    assert set(options) == others


@pytest.mark.slow
def test_sql_gives_aligned_rows_csv_and_json(lake):
    text = (
        "select split, count(*) as images from images "
        "where dataset = 'deepfashion2' group by 1 order by 1"
    )
    table = wardrobe("sql", text, lake=lake)
    assert table.stdout.splitlines()[2:] == [
        "test              6",
        "train            48",
        "validation        6",
    ]
    as_csv = wardrobe("sql", text, "--format", "csv", lake=lake)
    assert as_csv.stdout == "split,images\ntest,6\ntrain,48\nvalidation,6\n"
    as_json = wardrobe("sql", text, "--format", "json", lake=lake)
    assert json.loads(as_json.stdout)[0] == {"split": "test", "images": 6}


@pytest.mark.slow
def test_sql_writes_parquet_that_reads_back(lake, tmp_path):
    import pyarrow.parquet as pq

    target = tmp_path / "items.parquet"
    assert wardrobe("sql", "from items", "--output", target, lake=lake).returncode == 0
    assert pq.read_table(target).num_rows > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["copy items to '/tmp/x'", "attach '/tmp/x'", "set threads = 1", "drop view items"]
)
def test_sql_only_reads(lake, text):
    assert is_one_sentence(wardrobe("sql", text, lake=lake))


@pytest.mark.slow
def test_sql_takes_several_statements_and_shows_the_last_rows(lake):
    text = "create temp table a as from images; select 1; select count(*) > 50 as many from a"
    assert wardrobe("sql", text, "--format", "csv", lake=lake).stdout == "many\ntrue\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--timeout", "0.2", "select count(*) from range(9999999999) where range % 7 = 9"],
            "0.2 s",
        ),
        (["--memory", "50MB", "select list(range) from range(99999999)"], "more memory than its"),
        (["--memory", "much", "select 1"], "is not a memory limit"),
        (["--timeout", "-1", "select 1"], "--timeout"),
    ],
)
def test_limits_of_sql_end_it_with_a_sentence(words, says, lake):
    done = wardrobe("sql", *words, lake=lake)
    assert is_one_sentence(done) and says in done.stderr


@pytest.mark.slow
def test_sql_reaches_nothing_outside_the_release(lake):
    done = wardrobe("sql", "from read_text('/etc/passwd')", lake=lake)
    assert done.returncode == 2
    assert "root" not in done.stdout


def test_queries_of_exports_are_listed_on_request_and_views_are_described():
    lists = [
        json.loads(wardrobe("query", *all_, "--format", "json").stdout) for all_ in ([], ["--all"])
    ]
    short, long = ({row["query"]: row["kind"] for row in rows} for rows in lists)
    assert {long[name] for name in long.keys() - short.keys()} == {
        "coco",
        "training",
        "report",
        "evaluation",
    }
    assert set(short.values()) == {"views", "statistics", "pairs", "checks"}
    (row,) = (
        row
        for row in json.loads(wardrobe("schema", "landmarks_full", "--format", "json").stdout)
        if row["column"] == "x2"
    )
    assert (row["table"], row["type"], row["unit"]) == ("landmarks_full", "double", "px")
    assert row["meaning"].startswith("Right edge of the box")


@pytest.mark.slow
def test_a_query_takes_its_parameters_as_text(lake):
    done = wardrobe(
        "query", "retrieval_gallery", "--set", "strict=true", "--format", "csv", lake=lake
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") > 1
    wrong = wardrobe("query", "retrieval_gallery", "--set", "strict=perhaps", lake=lake)
    assert wrong.returncode == 2


@pytest.mark.slow
def test_commands_show_the_release(lake, tmp_path):
    release = Lake(lake).release()
    assert wardrobe("path", lake=lake).stdout == f"{release.path}\n"
    tables = json.loads(wardrobe("tables", "--format", "json", lake=lake).stdout)
    assert [row["table"] for row in tables][:2] == ["images", "pictures"]
    assert sum(row["files"] for row in tables) == len(release.manifest.readable_files)
    columns = json.loads(wardrobe("schema", "landmarks", "--format", "json").stdout)
    assert {row["column"]: row["unit"] for row in columns}["x"] == "px"
    (row,) = json.loads(wardrobe("releases", "--format", "json", lake=lake).stdout)[:1]
    assert (row["release"], row["is"]) == (release.id, "current")
    assert row["rows"] == sum(row["rows"] for row in tables)
    queries = json.loads(wardrobe("query", "--format", "json").stdout)
    assert "items_by_category" in [row["query"] for row in queries]
    assert wardrobe("check", lake=lake).returncode == 0
    files = len(release.manifest.files)
    assert wardrobe("verify", lake=lake).stdout == f"{files} files are as the manifest says\n"
    shown = wardrobe("show", "deepfashion2", "train", "1", "-o", tmp_path / "one.png", lake=lake)
    assert shown.returncode == 0
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_dry_run_shows_what_would_be_built_and_changes_nothing(sources, tmp_path):
    done = wardrobe(
        "ingest", "deepfashion2", sources / "deepfashion2", "--dry-run", lake=tmp_path / "lake"
    )
    assert done.returncode == 0
    assert "deepfashion2/train/00000" in done.stdout and "new" in done.stdout
    assert not (tmp_path / "lake").exists()


def test_a_command_without_a_terminal_prints_no_progress(tmp_path):
    done = wardrobe("sample", "fashion-mnist", tmp_path / "sample", "--images", 4)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_an_answer_without_rows_is_valid_in_every_format(lake, tmp_path):
    text = "select image_id, file_name from images where false"
    assert json.loads(wardrobe("sql", text, "--format", "json", lake=lake).stdout) == []
    assert wardrobe("sql", text, "--format", "csv", lake=lake).stdout == "image_id,file_name\n"
    assert wardrobe("sql", text, "-o", tmp_path / "none.parquet", lake=lake).returncode == 0


@pytest.mark.slow
def test_a_long_table_says_that_it_is_cut(lake):
    done = wardrobe("sql", "select range as n from range(5000)", lake=lake)
    assert done.stdout.count("\n") == 1_002
    assert "first 1,000 rows" in done.stderr


@pytest.mark.slow
def test_lists_do_not_fit_into_csv(lake):
    done = wardrobe("sql", "select points from polygons", "--format", "csv", lake=lake)
    assert done.returncode == 2
    assert "column points contains lists" in done.stderr


CELLS = {
    "true": "yes",
    "false": "no",
    "'[bold]x[/bold]'": "[bold]x[/bold]",
    "'[/no/such/tag]'": "[/no/such/tag]",
    "':smile:'": ":smile:",
    "'a' || chr(27) || '[31m'": "a\\x1b[31m",
    "1e-9::double": "1e-09",
    "1234.5::double": "1,234.5",
    "'abc'::blob": "3 bytes",
    "{'path': 'a.png', 'bytes': 'abc'::blob}": "path: a.png, bytes: 3 bytes",
}
"""SQL values, and how a cell shows them."""


@pytest.mark.slow
def test_a_cell_shows_its_value_as_it_is(lake):
    columns = (f"{value} as c{number}" for number, value in enumerate(CELLS))
    done = wardrobe("sql", f"select {', '.join(columns)}", lake=lake)
    (row,) = done.stdout.splitlines()[2:]
    assert re.split(r"\s{2,}", row.strip()) == list(CELLS.values())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json"])
def test_columns_of_one_name_fit_no_file(form, lake):
    done = wardrobe("sql", "select 1 as a, 2 as a", "--format", form, lake=lake)
    assert is_one_sentence(done) and "duplicate column a:" in done.stderr
