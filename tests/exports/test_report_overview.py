"""The head of the report: verdict, pictures, published totals, the previous release."""

import re
from dataclasses import replace

import pyarrow as pa
import pytest
from report_contents import a_content, a_release, with_headers

from flows.exports.report.page import render_report


@pytest.mark.slow
def test_the_page_starts_with_the_verdict_and_three_pictures_of_each_data_set(page):
    text = page.read_text()
    (verdict,) = re.findall(r'<p class="verdict">(.*?)</p>', text)
    assert text.index('class="verdict"') < text.index('class="tiles"')
    for sentence in (
        "No error: 1 check passed.",
        "1 check found oddities of the source: <code>leakage</code> (3 rows).",
        "1 check could not examine all rows: <code>leakage</code> (1,027 rows not examined).",
        "1 documents and items were rejected.",
        "The release is a sample:",
    ):
        assert sentence in verdict
    first = text[text.index('<section id="samples"') :].partition("</section>")[0]
    own = text[text.index('<section id="deepfashion2-pictures"') :].partition("</section>")[0]
    assert (first.count("<img"), own.count("<img")) == (3, 1)
    assert "train 1, user: skirt" in first and "train 4, user: skirt" in own


@pytest.mark.parametrize(
    ("verdict", "rows", "sentence"),
    [
        ("error", 2, "1 check found errors: <code>leakage</code> (2 rows)."),
        ("error", None, "1 check found errors: <code>leakage</code> (could not run)."),
    ],
)
def test_the_verdict_names_the_checks_that_failed(verdict, rows, sentence):
    checks = {"check": ["leakage"], "verdict": [verdict], "rows": [rows], "not_examined": [None]}
    text = render_report(replace(a_content(), checks=pa.table(checks)))
    assert sentence in text and "No error" not in text


@pytest.mark.parametrize(
    ("images", "folded"),
    [({"train": 160, "test": 0}, True), ({"train": 191_961, "test": 0}, False)],
)
def test_published_totals_are_folded_for_a_sample(images, folded):
    rows = [
        {"dataset": "deepfashion2", "split": split, "measure": "images", "edition": "released"}
        | {"published": 191_961, "ours": ours, "difference": 0, "meaning": "incomplete"}
        for split, ours in images.items()
    ]
    content = a_content()
    statistics = {**content.statistics, **with_headers({"published_totals": rows})}
    text = render_report(replace(content, statistics=statistics))
    section = text[text.index('<section id="published-totals"') :].partition("</section>")[0]
    assert ("<details>" in section) is folded
    assert ("The release is a sample" in text) is folded


@pytest.mark.slow
def test_differences_to_the_previous_release_are_on_the_page(page):
    section = page.read_text().partition('<section id="differences"')[2].partition("</section>")[0]
    assert "20261120T031500Z-9a4c0f2e" in section
    assert "Checks that found another number of rows" in section and ">4<" in section
    without = replace(a_content(), manifest=a_release(parent="20261120T031500Z-9a4c0f2e"))
    assert "The previous release was deleted" in render_report(without)
    assert 'id="differences"' not in render_report(a_content())


@pytest.mark.slow
def test_checks_with_findings_come_before_all_of_them(page):
    section = page.read_text().partition('<section id="checks"')[2].partition("</section>")[0]
    findings, _, everything = section.partition("<details>")
    assert ">leakage<" in findings and ">items.unique<" not in findings
    assert ">leakage<" in everything and ">items.unique<" in everything
