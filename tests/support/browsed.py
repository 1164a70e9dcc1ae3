"""Clients of `wardrobe browse` without a server, and text that is markup."""

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from flows.browse import create_application
from flows.pipelines.browsed_release import BrowsedRelease

MARKUP = "\"><script>alert(1)</script>&'--"


def client_of(lake: Path, *, timeout: float = 20.0, **files: Any) -> TestClient:
    """A client of the application of a lake's current release."""
    browsed = BrowsedRelease(str(lake), None, timeout=timeout, **files)
    return TestClient(create_application(browsed), base_url="http://127.0.0.1")
