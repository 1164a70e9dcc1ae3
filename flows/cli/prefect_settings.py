"""Prefect's settings when `wardrobe` starts it by itself: quiet, local, no telemetry."""

import os
import tomllib
from pathlib import Path

DEFAULTS = {
    # The SDK's analytics, and the server's heartbeat to its makers.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The first start migrates a database: 10 to 14 s measured on a busy machine, the default is 20.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # The temporary server prints harmless tracebacks when it shuts down.
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # What a run has to say the command prints itself, failures as one sentence.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLI_PROMPT": "false",
}


def quiet_prefect(lake: Path) -> None:
    """Set what is not set yet. To be called before the first `import prefect`."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not prefect_is_configured():
        home = lake.absolute().parent / ".prefect"
        home.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("PREFECT_HOME", str(home))


def prefect_is_configured() -> bool:
    """Whether a Prefect API is named by $PREFECT_API_URL or the active profile.

    Reads the profile file itself: importing Prefect to ask takes more than a second.
    """
    if os.environ.get("PREFECT_API_URL"):
        return True
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active", ""))
    return "PREFECT_API_URL" in profiles.get("profiles", {}).get(active, {})
