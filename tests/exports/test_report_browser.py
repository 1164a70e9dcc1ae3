"""The report in Chromium: tables sort, pictures load, nothing is wider than the window."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def browse(page: Path, folder: Path, script: str, *, width: int = 1280) -> tuple[dict, list[str]]:
    """Load the page in Chromium and run a script: its result, and the lines of the console."""
    probe = folder / "probe.html"
    probe.write_text(
        f"{page.read_text()}<script>document.body.dataset.result = "
        f"JSON.stringify((() => {{ {script} }})());</script>"
    )
    ran = subprocess.run(
        [
            str(CHROMIUM),
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},900",
            "--enable-logging=stderr",
            "--dump-dom",
            probe.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    result = re.search(r'data-result="([^"]*)"', ran.stdout)
    assert result, ran.stderr[-2000:]
    console = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(result[1].replace("&quot;", '"')), console


def test_in_a_browser_a_click_on_a_column_sorts_and_the_console_is_empty(page, tmp_path):
    script = """
        const table = document.querySelector("#deepfashion2-items-by-category table");
        const column = () => [...table.tBodies[0].rows].map((row) => row.cells[3].textContent);
        const head = table.tHead.rows[0].cells[3], button = head.querySelector("button");
        const before = column();
        button.click();
        const down = column(), first = head.getAttribute("aria-sort");
        button.click();
        const up = column(), second = head.getAttribute("aria-sort");
        table.tHead.rows[0].cells[2].querySelector("button").click();
        return {before, down, first, up, second, last: head.getAttribute("aria-sort"),
                names: [...table.tBodies[0].rows].map((row) => row.cells[2].textContent)};
    """
    result, console = browse(page, tmp_path, script)
    assert console == []
    assert result["before"] == ["9", "1,000", "20"]
    assert result["down"] == ["1,000", "20", "9"] and result["first"] == "descending"
    assert result["up"] == ["9", "20", "1,000"] and result["second"] == "ascending"
    assert result["last"] is None
    assert result["names"] == sorted(result["names"])


@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser_pictures_load_and_nothing_is_wider_than_the_window(page, tmp_path, width):
    script = """
        const broken = [...document.images].filter((img) => img.complete && !img.naturalWidth);
        const plots = [...document.querySelectorAll(".plot svg")];
        return {broken: broken.length, pictures: document.images.length, plots: plots.length,
                page: document.documentElement.scrollWidth, window: window.innerWidth,
                open: document.querySelector("nav details").open,
                unlabelled: [...document.querySelectorAll("[role=img]")]
                    .filter((image) => !image.getAttribute("aria-label")).length};
    """
    result, console = browse(page, tmp_path, script, width=width)
    assert console == []
    assert result["broken"] == 0 and result["pictures"] == 8 and result["plots"] >= 8
    assert result["page"] <= result["window"]
    assert result["unlabelled"] == 0
    assert result["open"] is (width > 900)


@pytest.mark.parametrize(("width", "display"), [(1280, "none"), (500, "block")])
def test_in_a_browser_a_table_that_is_wider_than_its_frame_says_so(page, tmp_path, width, display):
    script = """
        const frame = document.querySelector("#split-totals .scroll");
        return {display: getComputedStyle(frame.querySelector(".hint")).display,
                wide: frame.scrollWidth > frame.clientWidth + 1};
    """
    result, console = browse(page, tmp_path, script, width=width)
    assert console == []
    assert result == {"display": display, "wide": display == "block"}
