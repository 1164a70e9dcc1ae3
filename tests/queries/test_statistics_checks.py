"""Each statistic has a check: wrong, lost, repeated and invented rows of its file are found."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from releases import write_files, write_statistic

from flows.warehouse import all_checks, open_warehouse, queries, query, run_checks, run_query
from flows.warehouse.statistics_checks import TOLERANCE

pytestmark = pytest.mark.slow

STATISTICS = [one.name for one in queries("statistics")]


@pytest.fixture(scope="module")
def files(tmp_path_factory, made_up):
    """The made-up release with rejections and every statistic stored."""
    folder = tmp_path_factory.mktemp("statistics")
    refused = [{"rule": "not_json", "message": "not JSON", "file_name": f"{n}.json"} for n in "ab"]
    files = made_up | write_files(folder, vocabularies=False, rejections=refused)
    with open_warehouse(files) as warehouse:
        for name in STATISTICS:
            files |= write_statistic(folder, name, run_query(warehouse, name))
    return files


def rows_of(files, name):
    (path,) = files[f"statistics/{name}"]
    return pq.read_table(path)


def problems(files, name):
    """What the check of one statistic finds, by row."""
    with open_warehouse(files, threads=1) as warehouse:
        (verdict,) = run_checks(warehouse, examples=99, only=[f"statistics.{name}"])
    assert (verdict.severity, verdict.failure) == ("error", None)
    return [row["problem"] for row in verdict.examples]


def other(value, field):
    """A different value for the column."""
    if pa.types.is_string(field.type):
        return f"{value} x"
    return 7 if value is None else value + 1


@pytest.mark.parametrize("name", STATISTICS)
def test_a_wrong_value_in_any_column_is_found(tmp_path, files, name):
    right = rows_of(files, name)
    assert problems(files, name) == []
    first, *rest = right.to_pylist()
    values = [column for column in right.schema.names if column not in query(name).grain]
    wrong = first | {name: other(first[name], right.schema.field(name)) for name in values}
    rows = pa.Table.from_pylist([wrong, *rest], schema=right.schema)
    (problem,) = problems(files | write_statistic(tmp_path, name, rows), name)
    assert [part.partition(":")[0] for part in problem.split("; ")] == values


@pytest.mark.parametrize("name", STATISTICS)
def test_rows_of_no_table_are_found(tmp_path, files, name):
    right = rows_of(files, name)
    # Without the tables, SQL gives no rows: all that is stored is invented.
    vocabularies = {"categories", "landmark_types"}
    alone = {key: files[key] for key in vocabularies} | write_statistic(tmp_path, name, right)
    assert set(problems(alone, name)) == {"stored, but not given by the SQL"}


def test_lost_and_repeated_rows_are_found(tmp_path, files):
    right = rows_of(files, "split_totals")
    first, second, third = right.to_pylist()
    for rows, problem in (
        ([first, third], "not stored"),
        ([first, second, second, third], "repeated"),
    ):
        changed = write_statistic(
            tmp_path, "split_totals", pa.Table.from_pylist(rows, right.schema)
        )
        assert problems(files | changed, "split_totals") == [problem]


def test_both_values_are_shown(tmp_path, files):
    right = rows_of(files, "split_totals")
    first, *rest = right.to_pylist()
    rows = pa.Table.from_pylist([first | {"images": 9999}, *rest], schema=right.schema)
    found = problems(files | write_statistic(tmp_path, "split_totals", rows), "split_totals")
    assert found == [f"images: stored 9999, computed {first['images']}"]


@pytest.mark.parametrize(("step", "found"), [(0.0001, False), (0.0002, True)])
def test_an_average_may_be_rounded_to_the_next_step(tmp_path, files, step, found):
    assert 0.0001 < TOLERANCE < 0.0002
    right = rows_of(files, "mean_landmark_shape")
    rows = right.to_pylist()
    rows[0]["mean_x"] += step
    rounded = pa.Table.from_pylist(rows, schema=right.schema)
    changed = files | write_statistic(tmp_path, "mean_landmark_shape", rounded)
    assert bool(problems(changed, "mean_landmark_shape")) == found


def test_the_statistics_are_left_out_on_request(files):
    with open_warehouse(files) as warehouse:
        names = [v.name for v in run_checks(warehouse, examples=0, statistics=False)]
    assert names == [check.name for check in all_checks() if "statistics." not in check.name]


def test_the_rows_of_a_check_can_be_queried(tmp_path, files):
    right = rows_of(files, "split_totals")
    changed = files | write_statistic(tmp_path, "split_totals", right.slice(1))
    with open_warehouse(changed) as warehouse:
        (row,) = run_query(warehouse, "statistics.split_totals").to_pylist()
    assert row == {"dataset": "deepfashion2", "split": "train", "problem": "not stored"}
