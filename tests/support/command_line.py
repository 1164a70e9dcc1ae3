"""The command as people run it: a process of its own, its words and its exit code."""

import os
import subprocess
import sys
from pathlib import Path


def wardrobe(
    *words: object, lake: Path | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, with the lake and other variables in the environment."""
    named = {"WARDROBE_LAKE": str(lake)} if lake else {}
    return subprocess.run(
        [sys.executable, "-m", "flows", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **named, **environment},
        check=False,
    )


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a command ended as wrong use does: exit code 2, one line on stderr, nothing else."""
    one_line = done.stderr.startswith("wardrobe: ") and done.stderr.count("\n") == 1
    return done.returncode == 2 and one_line and done.stdout == ""
