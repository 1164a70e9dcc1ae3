"""The command line in the test's process: exit code and printed text; bugs are raised."""

import io
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from flows.cli import main


def wardrobe(
    *words: object, lake: Path | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments; `lake` and `environment` are environment variables."""
    variables = {**({"WARDROBE_LAKE": str(lake)} if lake else {}), **environment}
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    arguments = ["wardrobe", *map(str, words)]
    code: object = 0
    with (
        mock.patch.object(sys, "argv", arguments),
        mock.patch.dict(os.environ, variables),
        chdir(cwd or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, *texts)


def wardrobe_process(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a new process."""
    return subprocess.run(
        [sys.executable, "-m", "flows", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a command ended with an error: exit code 2 and one line, on stderr."""
    one_line = done.stderr.startswith("wardrobe: ") and done.stderr.count("\n") == 1
    return done.returncode == 2 and one_line and done.stdout == ""
