"""Prefect's settings when `wardrobe` starts it: quiet, local, no telemetry."""

import os
import shlex
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.pipelines.request import Place

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


def prepare_prefect(lake: "Place", *, own_server: bool = False) -> None:
    """Set Prefect up for a run of this process; call before the first `import prefect`.

    Uses the configured server, or a temporary one that ends with the process: always with
    `own_server`, else if none is configured. Raises InputError when the configured one does not
    answer.
    """
    if own_server:
        _ignore_configuration(lake)
    quiet_prefect(lake)
    if not configured_api():
        from flows.serve import watch_temporary_server

        watch_temporary_server()


def quiet_prefect(lake: "Place", *, service: bool = False) -> None:
    """Set what is not set yet; call before the first `import prefect`.

    With a configured server, the log of a run goes to its pages and not to the terminal; a
    `service` shows it in both. Raises InputError when the configured server does not answer.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not service:
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", QUIET)
    if api := configured_api():
        _require_answer(api)
        return
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", QUIET)
    if "PREFECT_HOME" not in os.environ:
        os.environ["PREFECT_HOME"] = str(_own_home(lake))


def _own_home(lake: "Place") -> Path:
    """The folder of a temporary server's data: next to the lake, or here if that is elsewhere."""
    folder = lake.absolute().parent if isinstance(lake, Path) else Path.cwd()
    home = folder / ".prefect"
    home.mkdir(parents=True, exist_ok=True)
    return home


def _ignore_configuration(lake: "Place") -> None:
    """Remove Prefect's variables from the environment, and set a home without profiles."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ["PREFECT_HOME"] = str(_own_home(lake))


@dataclass(frozen=True)
class PrefectApi:
    """The URL of a Prefect API, and the profile that names it; None for $PREFECT_API_URL."""

    url: str
    profile: str | None = None

    def __str__(self) -> str:
        origin = f"the Prefect profile {self.profile!r}" if self.profile else "$PREFECT_API_URL"
        return f"{self.url}, the URL of {origin}"

    @property
    def clearing_command(self) -> str:
        """The command after which no API is configured."""
        if self.profile is None:
            return "unset PREFECT_API_URL"
        return f"prefect --profile {shlex.quote(self.profile)} config unset -y PREFECT_API_URL"


def configured_api() -> PrefectApi | None:
    """The Prefect API that $PREFECT_API_URL or else the active profile names, if any.

    Reads the profile file directly: importing Prefect takes more than a second.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        return PrefectApi(url)
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    if not path.is_file():
        return None
    import tomllib

    try:
        profiles = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active", ""))
    url = profiles.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")
    return PrefectApi(url, active) if url else None


def _require_answer(api: PrefectApi) -> None:
    """Raise InputError when nothing listens at the URL: Prefect would raise a traceback."""
    address = urlsplit(api.url)
    if not address.hostname or any(os.environ.get(f"{name}_PROXY") for name in ("HTTP", "HTTPS")):
        return  # a proxy may reach what this machine cannot
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname, port), timeout=10).close()
    except OSError as error:
        raise InputError(
            f"no Prefect server answers at {api} ({error.strerror or error}): start it with "
            f"`prefect server start`, or run without one: `{api.clearing_command}`"
        ) from error
