"""`wardrobe browse` in a headless Chromium: one visit from page to page, at three widths."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from driven_browser import CHROMEDRIVER, CHROMIUM, Browser, driven_browser

WIDTHS = (390, 800, 1600)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        (CHROMIUM is None or CHROMEDRIVER is None) and "WARDROBE_CI" not in os.environ,
        reason="Chromium or its chromedriver is not installed",
    ),
]

# What a reader of a page needs, by scripts that return what is wrong.
UNLABELLED = """
    const named = (element) => element.getAttribute("aria-label") || element.textContent.trim()
        || (element.labels && element.labels.length && element.labels[0].textContent.trim());
    return [...document.querySelectorAll("a, button, select, textarea, input")]
        .filter((element) => element.type !== "hidden" && !element.hidden && !named(element))
        .map((element) => element.outerHTML);
"""
FAINT = """
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const numbers = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
        const [r, g, b] = colour.map((part) => part / 255)
            .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")].filter((element) =>
        element.checkVisibility() && !element.closest("svg, select, .frame, .skip")
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((element) => {
            const ink = light(numbers(getComputedStyle(element).color));
            const paper = light(ground(element));
            const [dark, bright] = ink < paper ? [ink, paper] : [paper, ink];
            return [(bright + 0.05) / (dark + 0.05), element.outerHTML];
        }).filter(([ratio]) => ratio < 4.5);
"""
WIDER = "return document.documentElement.scrollWidth - window.innerWidth"
BROKEN = """
    return [...document.images].filter((image) => image.complete && !image.naturalWidth).length
"""
SEEN = """
    const place = document.querySelector("%s").getBoundingClientRect();
    return place.top >= 0 && place.bottom <= innerHeight && place.left >= 0
        && place.right <= document.documentElement.clientWidth;
"""
FOCUSED = "return document.activeElement.getAttribute('href') || document.activeElement.name"


@pytest.fixture(scope="module")
def address(lake) -> Iterator[str]:
    """The address of the command, running in a process."""
    words = ["browse", "--no-open", "--port", "0", "--lake", str(lake)]
    with subprocess.Popen(
        [sys.executable, "-m", "flows", *words], stdout=subprocess.PIPE, text=True
    ) as server:
        line = server.stdout.readline()
        yield line.split()[1].rstrip("/")
        server.terminate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    with driven_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def require_usable(browser: Browser) -> None:
    """Everything has a name and contrast, nothing is wider than the window, no error was logged."""
    assert browser.script(UNLABELLED) == []
    assert browser.script(FAINT) == []
    assert browser.script(WIDER) <= 0
    assert browser.script(BROKEN) == 0
    assert browser.console() == []


def is_shown(browser: Browser, layer: str) -> bool:
    return browser.style(f".layer-{layer}", "display") != "none"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_visit_filters_opens_switches_and_follows_links(browser, address, width):
    browser.resize(width)
    browser.open(f"{address}/")
    require_usable(browser)

    if width < 700:
        browser.click("details.side > summary")
    browser.script("document.querySelector('select[name=category_name]').value = 'trousers'")
    browser.type("textarea[name=where]", "dataset = 'deepfashion2'")
    browser.follow("#filter button[type=submit]")
    fields = parse_qs(urlsplit(browser.path).query)
    assert fields["category_name"] == ["trousers"] and fields["where"]
    require_usable(browser)

    browser.follow(".card a")
    first = browser.path
    assert first.startswith("/image/deepfashion2/") and "trousers" in first
    require_usable(browser)

    assert is_shown(browser, "boxes")
    browser.click("#layer-boxes")
    assert not is_shown(browser, "boxes") and is_shown(browser, "landmarks")
    browser.press("b")
    assert is_shown(browser, "boxes")
    browser.press("n")
    assert is_shown(browser, "numbers") and "layer=numbers" in browser.path

    with browser.leaving():
        browser.press("right")
    second = browser.path
    assert second != first and "layer=numbers" in second and is_shown(browser, "numbers")
    with browser.leaving():
        browser.press("left")
    assert urlsplit(browser.path).path == urlsplit(first).path

    browser.follow("a[href^='/pairs/']")
    assert browser.path.startswith("/pairs/deepfashion2/")
    require_usable(browser)

    browser.follow("nav a[href='/findings']")
    require_usable(browser)
    browser.follow("a[href='/findings/check/styles_without_counterpart']")
    require_usable(browser)
    browser.follow("td a[href^='/image/']")
    assert browser.path.startswith("/image/deepfashion2/")
    browser.post("/back")
    assert browser.path == "/findings/check/styles_without_counterpart"

    browser.follow("nav a[href='/statistics']")
    browser.follow("a[href='/statistics/split_totals']")
    require_usable(browser)
    browser.follow("td a")
    assert "dataset=" in browser.path
    require_usable(browser)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_reason_of_a_wrong_condition_and_verdicts_are_in_view(browser, address, width):
    browser.resize(width)
    browser.open(f"{address}/?where=colour+%3E+3")
    assert browser.script(FOCUSED) == "where"
    assert browser.script(SEEN % "textarea") and browser.script(SEEN % "#problem")
    (logged,) = browser.console()
    assert "status of 400" in logged
    require_usable(browser)
    browser.open(f"{address}/findings")
    assert browser.script(SEEN % ".badge")


def test_dark_pages_have_contrast_too(browser, address):
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.resize(800)
    browser.post("/goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params=dark)
    try:
        for path in (
            "/",
            "/?where=colour+%3E+3",
            "/image/deepfashion2/train/1",
            "/pairs/deepfashion2/train/1",
            "/findings",
            "/findings/check/styles_without_counterpart",
            "/statistics/split_totals",
        ):
            browser.open(address + path)
            assert browser.style("body", "background-color").startswith("rgba(22, 23, 26")
            assert browser.script(FAINT) == [], path
    finally:
        browser.console()
        light = {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
        browser.post("/goog/cdp/execute", cmd="Emulation.setEmulatedMedia", params=light)


def test_the_tab_key_goes_from_the_content_link_through_the_page_in_order(browser, address):
    browser.resize(1600)
    browser.open(f"{address}/?dataset=deepfashion2")
    places = []
    for _ in range(8):
        browser.press("tab")
        places.append(browser.script(FOCUSED))
    assert places[:6] == ["#main", "/", "/", "/pairs", "/findings", "/statistics"]
    assert places[6:] == ["dataset", "split"]


def test_layers_switch_without_scripts(browser, address):
    browser.resize(800)
    browser.post(
        "/goog/cdp/execute", cmd="Emulation.setScriptExecutionDisabled", params={"value": True}
    )
    try:
        browser.open(f"{address}/image/deepfashion2/train/1")
        assert is_shown(browser, "boxes")
        browser.click("#layer-boxes")
        assert not is_shown(browser, "boxes") and is_shown(browser, "landmarks")
    finally:
        browser.post(
            "/goog/cdp/execute",
            cmd="Emulation.setScriptExecutionDisabled",
            params={"value": False},
        )
