"""Prefect's settings when `wardrobe` starts it by itself: quiet, local, no telemetry."""

import os
import socket
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from schemas.errors import InputError

DEFAULTS = {
    # The SDK's analytics, and the server's heartbeat to its makers.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The first start migrates a database: 10 to 14 s measured on a busy machine, the default is 20.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # The temporary server prints harmless tracebacks when it shuts down.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLI_PROMPT": "false",
}

QUIET = "CRITICAL"
"""What a run has to say the command prints itself, failures as one sentence."""


def quiet_prefect(lake: Path, *, service: bool = False) -> None:
    """Set what is not set yet. To be called before the first `import prefect`.

    With a configured server the log of a run goes to its pages and not to the terminal; a
    `service` shows it in both, because nobody else tells what it does. Raises InputError when
    nothing answers where the server should be.
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


def prefect_is_configured() -> bool:
    """Whether a Prefect API is named by $PREFECT_API_URL or the active profile."""
    return configured_api() is not None


def configured_api() -> str | None:
    """Where the configured Prefect API is, if any.

    Reads the profile file itself: importing Prefect to ask takes more than a second.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active", ""))
    return profiles.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")


def _require_answer(url: str) -> None:
    """Raise InputError when nothing listens at the URL: Prefect would say so in a traceback."""
    place = urlsplit(url)
    if not place.hostname or any(os.environ.get(f"{name}_PROXY") for name in ("HTTP", "HTTPS")):
        return  # what a proxy reaches cannot be seen from here
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname, port), timeout=10).close()
    except OSError as error:
        raise InputError(
            f"no Prefect server answers at {url} ({error.strerror or error}): start it with "
            "`prefect server start`, or run without one: `unset PREFECT_API_URL`"
        ) from error
