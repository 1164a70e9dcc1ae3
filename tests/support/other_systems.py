"""Run a program as on a system without the modules and functions of Linux or POSIX."""

import subprocess
import sys
from pathlib import Path

WINDOWS = {
    "modules": ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"),
    "names": (
        *("sched_getaffinity", "pread", "pwrite", "preadv", "getuid", "geteuid", "fork"),
        *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "statvfs", "chown", "fchmod"),
        *("pidfd_open", "posix_fadvise", "WNOHANG", "mkfifo", "getpgid", "killpg", "setsid"),
    ),
}
"""What Python on Windows does not have."""

MACOS = {"modules": (), "names": ("sched_getaffinity", "pidfd_open", "posix_fadvise")}
"""What Python on macOS does not have."""

HIDE = """
import asyncio, multiprocessing, os, signal, subprocess, sys, tempfile, warnings
# The standard library and other packages have their own ways on each system.
import duckdb, fsspec, jinja2, numpy, PIL.Image, polars, pyarrow.dataset, rich.console, typer

for module in {modules!r}:
    sys.modules[module] = None
for name in {names!r}:
    if hasattr(os, name):
        delattr(os, name)
{restrict}
# The text encoding of Windows is not UTF-8: every text file needs its encoding.
warnings.filterwarnings("error", category=EncodingWarning, module=r"(flows|schemas)\\.")
"""

NO_FOLDER_HANDLES = """
os.supports_fd = os.supports_fd - {os.scandir}
os.supports_dir_fd = set()
import shutil
shutil._use_fd_functions = False
open_file = os.open

def open_no_folder(path, *arguments, **options):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return open_file(path, *arguments, **options)

os.open = open_no_folder
"""
"""Windows opens folders neither to list nor to flush them."""


def run_on(system: dict[str, tuple[str, ...]], program: str, *arguments: object, cwd: Path) -> str:
    """What a Python program prints on such a system; fails when it fails."""
    restrict = NO_FOLDER_HANDLES if system is WINDOWS else ""
    hide = HIDE.format(**system, restrict=restrict)
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", hide + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
