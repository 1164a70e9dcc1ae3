"""The report: sections from query headers, on a page that loads nothing."""

import re
import sys
from dataclasses import replace
from io import BytesIO

import pyarrow as pa
import pytest
from PIL import Image
from report_contents import a_content

from flows.exports.report import ReportContent, mean_pictures, write_report
from flows.exports.report import page as page_module
from flows.exports.report.blocks import cell_text, column_label, table_block
from flows.exports.report.page import render_report
from flows.pipelines.report import statistic
from flows.warehouse import queries
from flows.warehouse.queries import parse_query
from schemas.errors import MissingExtra


def keys(text: str) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', text)


@pytest.mark.slow
def test_every_section_with_rows_is_on_the_page_and_in_the_contents(page):
    text = page.read_text()
    assert keys(text) == [
        "samples",
        "split-totals",
        "published-totals",
        "differences",
        "provenance",
        "scores-detection-deepfashion2-train-abababababab",
        "deepfashion2-items-by-category",
        "deepfashion2-variations",
        "deepfashion2-landmarks",
        "deepfashion2-box-size-bins",
        "deepfashion2-box-sizes",
        "deepfashion2-category-cooccurrence",
        "deepfashion2-polygon-shapes",
        "deepfashion2-pairs",
        "deepfashion2-pictures",
        "fashion-mnist-items-by-category",
        "fashion-mnist-means",
        "rejections",
        "checks",
    ]
    contents = text[text.index("<nav") : text.index("</nav>")]
    assert re.findall(r'<a href="#([^"]+)">', contents) == keys(text)


@pytest.mark.slow
def test_a_release_without_statistics_has_provenance_and_rejections():
    text = render_report(ReportContent(a_content().manifest, {}))
    assert keys(text) == ["provenance", "rejections"]
    assert "Nothing was rejected." in text


SIZES = """\
-- Sizes of `things`: how large they are.
--
-- The rule, with `code`.
--
-- reads     images
-- scope     whole
-- grain     dataset, split
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    median_width: of the pictures
-- column    part: of all things
-- unit      px: median_width
-- unit      share: part
-- plot      bar x=part y=split

select 1
"""


@pytest.mark.slow
def test_a_statistic_that_no_code_names_has_a_section_from_its_header():
    rows = [{"dataset": "deepfashion2", "split": "train", "median_width": 468, "part": 0.25}]
    sizes = statistic(parse_query("sizes", "statistics", SIZES), pa.Table.from_pylist(rows))
    content = a_content()
    text = render_report(replace(content, statistics={**content.statistics, "sizes": sizes}))
    section = text[text.index('<section id="deepfashion2-sizes"') :].partition("</section>")[0]
    assert "Sizes of <code>things</code></h2>" in section and "`" not in section
    assert "How large they are. The rule, with <code>code</code>." in section
    assert "Median width (px)<" in section and 'title="of the pictures"' in section
    assert ">25.0 %<" in section and 'data-sort="0.25"' in section
    assert section.count('class="plot') == 1 and "Part by split" in section


def test_a_statistic_of_the_release_as_a_whole_is_shown_once():
    text = SIZES.replace("-- column    dataset: source dataset\n", "").replace(
        "grain     dataset, split", "grain     split"
    )
    rows = pa.Table.from_pylist([{"split": "train", "median_width": 468, "part": 0.25}])
    whole = statistic(parse_query("sizes", "statistics", text), rows)
    content = a_content()
    page = render_report(replace(content, statistics={**content.statistics, "sizes": whole}))
    assert keys(page) == [
        "split-totals",
        "provenance",
        "sizes",
        "deepfashion2-items-by-category",
        "rejections",
    ]


def test_sections_in_code_name_statistics_that_exist():
    named = {entry for entry in page_module._DATASET_SECTIONS if isinstance(entry, str)}
    names = {query.name for query in queries("statistics")}
    assert named | page_module._IN_OTHER_SECTIONS <= names


@pytest.mark.slow
def test_the_page_loads_nothing(page):
    text = page.read_text()
    links = re.findall(r"(?:src|href)=[\"']([^\"']*)|url\(([^)]*)\)", text)
    assert {"".join(link).split(":")[0].split("#")[0] for link in links} == {"", "data"}
    assert "@import" not in text and "default-src 'none'" in text


def test_words_of_a_source_are_text_and_never_markup():
    bad = "<script>alert(1)</script>"
    text = render_report(a_content(category_name=bad))
    assert bad not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_same_content_gives_the_same_page():
    assert render_report(a_content()) == render_report(a_content())


def test_a_report_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("the old page")
    totals = replace(a_content().statistics["split_totals"], table=pa.table({"odd": [1]}))
    broken = ReportContent(a_content().manifest, {"split_totals": totals})
    with pytest.raises(KeyError):
        write_report(path, broken)
    assert path.read_text() == "the old page"
    assert list(tmp_path.iterdir()) == [path]


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"`pip install '\.\[report\]'`"):
        write_report(tmp_path / "report.html", a_content())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234567, "", "1,234,567"),
        (0.5, "", "0.500"),
        (12.345, "", "12.35"),
        (640.0, "px", "640"),
        (-1200, "", "-1,200"),
        (None, "", "\N{EN DASH}"),
        (None, "share", "\N{EN DASH}"),
        (0.1234, "share", "12.3 %"),
        (999, "bytes", "999 Bytes"),
        (1_500_000, "bytes", "1.5 MB"),
        ("side_or_back", "", "side_or_back"),
    ],
)
def test_values_are_written_by_type_and_unit(value, unit, text):
    assert cell_text(value, unit) == text


def test_labels_come_from_the_names_of_columns():
    assert column_label("median_width", "px") == "Median width (px)"
    assert column_label("closed_share", "share") == "Closed share"
    block = table_block(pa.table({"verdict": ["warn"], "rows": [None], "excerpt": ["{"]}), "Checks")
    (verdict, rows, excerpt) = block["rows"][0]
    assert verdict["badge"] == "badge warn" and excerpt["look"] == "code"
    assert [column["numeric"] for column in block["columns"]] == [False, False, False]
    assert (rows["text"], rows["sort"]) == ("\N{EN DASH}", "")


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
