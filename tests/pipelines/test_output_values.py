"""Every value that DuckDB has is written or refused in one sentence, in every format."""

import io
import json

import duckdb
import pytest

from flows.cli.output import print_rows
from flows.pipelines.row_formats import write_rows
from schemas.errors import InputError

FAR = {
    "'infinity'::date": "infinity",
    "'-infinity'::date": "-infinity",
    "'infinity'::timestamp": "infinity",
    "'-infinity'::timestamp": "-infinity",
    "'infinity'::timestamptz": "infinity",
    "date '294247-01-10'": "294247-01-10",
    "date '4713-01-01 (BC)'": "-4712-01-01",
    "timestamp '294247-01-10 04:00:54'": "294247-01-10T04:00:54.000000",
    "timestamptz '290000-01-01 00:00:00+00'": "290000-01-01T00:00:00.000000+00:00",
    "timestamp_s '290000-01-01'": "290000-01-01T00:00:00",
}
OTHERS = (
    "map {'a': 1}",
    "map {date '294247-01-10': 1}",
    "'ab'::blob",
    "interval 3 months",
    "'1010'::bit",
    "union_value(a := 1)",
    "union_value(a := 'infinity'::date)",
    "[timestamp '294247-01-10']",
    "[[['infinity'::date]]]",
    "{'a': 'infinity'::date}",
    "{'a': interval 1 day}",
    "time '24:00:00'",
    "'12:00:00+15'::timetz",
    "time_ns '23:59:59.999999999'",
    "170141183460469231731687303715884105727::hugeint",
    "1::varint",
    "uuid()",
    "'nan'::double",
    "'x'::enum('x', 'y')",
    "null",
    "[]",
    "{'a': []}",
    "'a' || chr(0) || 'b'",
    "'infinity'::timestamp_ns",
)


def rows(value):
    return duckdb.sql(f"set timezone = 'UTC'; select {value} as x").to_arrow_reader()


def written(value, form):
    sink = io.BytesIO()
    write_rows(rows(value), form, sink)
    return sink.getvalue()


def test_far_dates_are_text(capsys):
    for value, text in FAR.items():
        assert json.loads(written(value, "json")) == [{"x": text}]
        assert written(value, "csv").decode() == f"x\n{text}\n"
        print_rows(rows(value))
        assert capsys.readouterr().out.splitlines()[-1] == text


def test_far_dates_leave_others_as_they_are():
    text = "unnest([date '2026-11-21', null, 'infinity'])"
    assert written(text, "csv") == b'x\n2026-11-21\n""\ninfinity\n'.replace(b'""', b"")
    assert json.loads(written(text, "json")) == [
        {"x": "2026-11-21"},
        {"x": None},
        {"x": "infinity"},
    ]


@pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
def test_every_type_is_written_or_refused_in_a_sentence(form, capsys):
    for value in (*FAR, *OTHERS):
        if form == "table":
            print_rows(rows(value))
            continue
        try:
            assert written(value, form)
        except InputError as error:
            assert form in ("csv", "parquet")
            assert "\n" not in str(error)
            assert "column x " in str(error) or "Parquet" in str(error)
