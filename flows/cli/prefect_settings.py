"""Prefect's settings when `wardrobe` starts it: quiet, local, no telemetry."""

import os
import socket
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from schemas.errors import InputError

DEFAULTS = {
    # Analytics of the SDK and of the server.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The first start migrates a database: 10 to 14 s measured on a busy machine, the default is 20.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # The temporary server prints harmless tracebacks when it shuts down.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLI_PROMPT": "false",
}

QUIET = "CRITICAL"
"""The command prints the outcome of a run, failures as one sentence; Prefect need not."""


def prepare_prefect(lake: Path) -> None:
    """Set Prefect up for a run of this process; call before the first `import prefect`.

    A temporary server ends with the process. Raises InputError when the configured one does not
    answer.
    """
    quiet_prefect(lake)
    if not configured_api():
        from flows.serve import watch_temporary_server

        watch_temporary_server()


def quiet_prefect(lake: Path, *, service: bool = False) -> None:
    """Set what is not set yet; call before the first `import prefect`.

    With a configured server, the log of a run goes to its pages and not to the terminal; a
    `service` shows it in both. Raises InputError when the configured server does not answer.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not service:
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", QUIET)
    if url := configured_api():
        _require_answer(url)
        return
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", QUIET)
    if "PREFECT_HOME" not in os.environ:
        home = lake.absolute().parent / ".prefect"
        home.mkdir(parents=True, exist_ok=True)
        os.environ["PREFECT_HOME"] = str(home)


def configured_api() -> str | None:
    """The URL of the Prefect API that $PREFECT_API_URL or the active profile names, if any.

    Reads the profile file directly: importing Prefect takes more than a second.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active", ""))
    return profiles.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")


def _require_answer(url: str) -> None:
    """Raise InputError when nothing listens at the URL: Prefect would raise a traceback."""
    address = urlsplit(url)
    if not address.hostname or any(os.environ.get(f"{name}_PROXY") for name in ("HTTP", "HTTPS")):
        return  # a proxy may reach what this machine cannot
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname, port), timeout=10).close()
    except OSError as error:
        raise InputError(
            f"no Prefect server answers at {url} ({error.strerror or error}): start it with "
            "`prefect server start`, or run without one: `unset PREFECT_API_URL`"
        ) from error
