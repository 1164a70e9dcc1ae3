"""The report says what the statistics say, needs nothing from outside, and works in a browser."""

import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image
from report_contents import a_content, a_full_content

from flows.exports.report import ReportContent, mean_pictures, write_report
from flows.exports.report.cells import number, share, signed, size
from flows.exports.report.page import render_report
from schemas.errors import InputError

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

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """A report with everything in it."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, a_full_content())
    return path


def keys(text: str) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', text)


def test_every_section_with_something_to_show_is_there_and_in_the_contents(page):
    text = page.read_text()
    assert keys(text) == [
        "totals",
        "published",
        "provenance",
        "deepfashion2-categories",
        "deepfashion2-variations",
        "deepfashion2-landmarks",
        "deepfashion2-boxes",
        "deepfashion2-together",
        "deepfashion2-pairs",
        "deepfashion2-pictures",
        "fashion-mnist-categories",
        "fashion-mnist-means",
        "refused",
        "checks",
    ]
    assert re.findall(r'<a href="#([^"]+)">', text) == keys(text)


def test_a_release_without_statistics_has_only_what_it_can_say():
    text = render_report(ReportContent(a_content().release, {}))
    assert keys(text) == ["totals", "provenance", "refused"]
    assert "Nothing was refused." in text


def test_the_page_asks_for_nothing_from_outside(page):
    text = page.read_text()
    sources = re.findall(r"(?:src|href)=[\"']([^\"']*)|url\(([^)]*)\)", text)
    assert {"".join(found).split(":")[0].split("#")[0] for found in sources} == {"", "data"}
    assert "@import" not in text and "default-src 'none'" in text


def test_words_of_a_source_are_text_and_never_markup():
    bad = "<script>alert(1)</script>"
    text = render_report(a_content(category_name=bad))
    assert bad not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_same_content_gives_the_same_page():
    assert render_report(a_content()) == render_report(a_content())


def test_a_report_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("the old one")
    broken = ReportContent(a_content().release, {"split_totals": pa.table({"odd": [1]})})
    with pytest.raises(KeyError):
        write_report(path, broken)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(InputError, match=r"pip install 'wardrobe-lake\[report\]'"):
        write_report(tmp_path / "report.html", a_content())


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (number(1234567), "1,234,567"),
        (number(0.5), "0.500"),
        (number(12.345), "12.35"),
        (number(640.0), "640"),
        (number(None), "\N{EN DASH}"),
        (signed(-1200), "-1,200"),
        (signed(5), "+5"),
        (signed(0), "0"),
        (share(0.1234), "12.3 %"),
        (size(999), "999 B"),
        (size(1_500_000), "1.5 MB"),
    ],
)
def test_numbers_are_written_as_people_write_them(cell, text):
    assert cell.text == text


def test_the_mean_picture_of_a_class_is_the_mean_of_its_pixels():
    def file(level: int) -> dict:
        buffer = BytesIO()
        Image.new("L", (2, 2), level).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": "x.png"}

    rows = pa.RecordBatch.from_pylist(
        [
            {"category_name": "Bag", "image": file(10)},
            {"category_name": "Coat", "image": file(200)},
            {"category_name": "Bag", "image": file(30)},
        ]
    )
    means = mean_pictures([rows])
    assert list(means) == ["Bag", "Coat"]
    assert means["Bag"].getpixel((0, 0)) == 20 and means["Coat"].size == (2, 2)


def browse(page: Path, folder: Path, script: str, *, width: int = 1280) -> tuple[dict, list[str]]:
    """Load the page in Chromium, run a script in it; what it returns, and the console's lines."""
    probe = folder / "probe.html"
    probe.write_text(
        f"{page.read_text()}<script>document.body.dataset.told = "
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
    told = re.search(r'data-told="([^"]*)"', ran.stdout)
    assert told, ran.stderr[-2000:]
    said = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(told[1].replace("&quot;", '"')), said


@needs_chromium
def test_in_a_browser_a_click_on_a_column_sorts_and_the_console_stays_silent(page, tmp_path):
    script = """
        const table = document.querySelector("#deepfashion2-categories table");
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
    told, said = browse(page, tmp_path, script)
    assert said == []
    assert told["before"] == ["9", "1,000", "20"]
    assert told["down"] == ["1,000", "20", "9"] and told["first"] == "descending"
    assert told["up"] == ["9", "20", "1,000"] and told["second"] == "ascending"
    assert told["last"] is None
    assert told["names"] == sorted(told["names"])


@needs_chromium
@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser_pictures_load_and_nothing_is_wider_than_the_window(page, tmp_path, width):
    script = """
        const broken = [...document.images].filter((one) => one.complete && !one.naturalWidth);
        const plots = [...document.querySelectorAll(".plot svg")];
        return {broken: broken.length, pictures: document.images.length, plots: plots.length,
                page: document.documentElement.scrollWidth, window: window.innerWidth,
                open: document.querySelector("nav details").open,
                unlabelled: [...document.querySelectorAll("[role=img]")]
                    .filter((one) => !one.getAttribute("aria-label")).length};
    """
    told, said = browse(page, tmp_path, script, width=width)
    assert said == []
    assert told["broken"] == 0 and told["pictures"] == 3 and told["plots"] >= 8
    assert told["page"] <= told["window"]
    assert told["unlabelled"] == 0
    assert told["open"] is (width > 900)
