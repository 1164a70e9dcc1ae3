"""A headless Chromium driven through its chromedriver: pages, clicks, keys, scripts, console."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element, by the W3C protocol
_KEYS = {"left": "\ue012", "right": "\ue014", "tab": "\ue004", "enter": "\ue007"}


class Browser:
    """One window of a running browser."""

    def __init__(self, address: str, profile: Path) -> None:
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
        ]
        options = {"binary": CHROMIUM, "args": arguments}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._address = address
        body = {"capabilities": {"alwaysMatch": capabilities}}
        self._session = f"/session/{self._call('POST', '/session', body)['sessionId']}"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self._address + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from error

    def post(self, path: str, **body: Any) -> Any:
        """A command of the session."""
        return self._call("POST", self._session + path, body)

    def open(self, url: str) -> None:
        """Load a page."""
        self.post("/url", url=url)

    def resize(self, width: int, height: int = 900) -> None:
        """Set the width of the page, whatever the smallest window is."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.post("/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=metrics)

    def script(self, text: str) -> Any:
        """The value that a script returns."""
        return self.post("/execute/sync", script=text, args=[])

    def element(self, selector: str) -> str:
        """The path of the first element that a CSS selector selects."""
        found = self.post("/element", using="css selector", value=selector)
        return f"/element/{found[_ELEMENT]}"

    def click(self, selector: str) -> None:
        """Click an element."""
        self.post(f"{self.element(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Type into an element."""
        self.post(f"{self.element(selector)}/value", text=text)

    def style(self, selector: str, name: str) -> str:
        """A computed property of an element's style."""
        return self._call("GET", f"{self._session}{self.element(selector)}/css/{name}")

    def press(self, key: str) -> None:
        """Press and release a key, wherever the focus is."""
        code = _KEYS.get(key, key)
        actions = [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """After the body, wait until another page is loaded."""
        self.script("window.isOld = true")
        yield
        for _ in range(300):
            if self.script("return !window.isOld && document.readyState === 'complete'"):
                return
            time.sleep(0.1)
        raise AssertionError(f"no other page was loaded: {self.path}")

    def follow(self, selector: str) -> None:
        """Click an element that leads to another page."""
        with self.leaving():
            self.click(selector)

    @property
    def path(self) -> str:
        """Path and query string of the page."""
        return self.script("return location.pathname + location.search")

    def console(self) -> list[str]:
        """The lines of the console since the last call."""
        return [entry["message"] for entry in self.post("/se/log", type="browser")]

    def screenshot(self, path: Path) -> None:
        """Write the window as a PNG."""
        path.write_bytes(base64.b64decode(self._call("GET", f"{self._session}/screenshot")))

    def close(self) -> None:
        """End the browser."""
        self._call("DELETE", self._session)


@contextmanager
def driven_browser(folder: Path) -> Iterator[Browser]:
    """A browser with a new profile in `folder`, until it is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [str(CHROMEDRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        browser = Browser(f"http://127.0.0.1:{port}", folder / "profile")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        driver.terminate()
        driver.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("chromedriver did not start")
