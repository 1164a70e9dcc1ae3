"""pyarrow leaves pandas alone in wardrobe's own processes, and whoever asks for pandas gets it."""

import subprocess
import sys

import pytest

pytest.importorskip("pandas")
pytestmark = pytest.mark.slow

ARRAYS = "pyarrow.array(numpy.arange(3)); pyarrow.array(['a']); pyarrow.table({'a': [1]})"
WITHOUT = "from flows.processes import leave_pandas_out; leave_pandas_out()"


def pandas_after(*lines: str) -> bool:
    """Whether a Python program with these lines has imported pandas in the end."""
    program = "\n".join([*lines, "import sys; print('pandas' in sys.modules)"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1] == "True"


@pytest.mark.parametrize(
    "lines",
    [(WITHOUT, "import numpy, pyarrow", ARRAYS), ("import numpy, pyarrow", WITHOUT, ARRAYS)],
    ids=["before pyarrow", "after pyarrow"],
)
def test_arrays_are_made_without_pandas(lines):
    assert not pandas_after(*lines)


@pytest.mark.parametrize(
    "use",
    ["import pandas", "pyarrow.table({'a': [1]}).to_pandas().head()"],
)
def test_pandas_can_be_imported_afterwards(use):
    assert pandas_after(WITHOUT, "import numpy, pyarrow", ARRAYS, use)


def test_a_library_without_the_call_recognises_pandas():
    """The reason why only own processes call it: a user's Series keeps its nulls."""
    assert pandas_after(
        "import flows.feed, pyarrow, pandas",
        "assert pyarrow.array(pandas.Series([1.0, float('nan')])).null_count == 1",
    )


def test_the_command_line_makes_arrays_without_pandas():
    assert not pandas_after(
        "import sys; sys.argv[1:] = ['--version']",
        "from contextlib import suppress",
        "from flows.cli import main",
        "with suppress(SystemExit): main()",
        f"import numpy, pyarrow; {ARRAYS}",
    )


COMMAND = """\
import sys
from flows.cli import main
if __name__ == "__main__":
    from flows.runners import worker_pool
    with worker_pool(1) as pool:
        pool.submit(eval, "__import__('pyarrow').array([1])").result()
        names = "(__import__('flows.pipelines.parts'), set(__import__('sys').modules))[1]"
        print(*pool.submit(eval, names).result())
"""
"""A program that begins like the installed command: each worker imports it."""


def test_a_worker_imports_neither_pandas_nor_the_command_line(tmp_path):
    (tmp_path / "command.py").write_text(COMMAND)
    done = subprocess.run([sys.executable, tmp_path / "command.py"], capture_output=True, text=True)
    names = set(done.stdout.split())
    assert "flows.pipelines.parts" in names, done.stderr
    assert not names & {"pandas", "typer", "prefect", "duckdb", "polars", "flows.cli.application"}
