"""Sections of scored predictions: tables, plots by attribute, curves, confusions, drawings."""

import re
from dataclasses import replace

import pyarrow as pa
import pytest
from PIL import Image
from report_contents import a_content

from flows.exports.drawing.annotated import AnnotatedPicture, PredictedItem
from flows.exports.report import Drawing, ScoredPredictions
from flows.exports.report.page import render_report
from flows.exports.report.plots import plot_block
from flows.exports.report.scores import scored_predictions
from flows.pipelines.report_scores import report_tables
from schemas.scores import SCORES

ORIGIN = {"task": "detection", "dataset": "deepfashion2", "split": "train"}
DIGEST = {"predictions_sha256": "ab" * 32, "kernel": "a kernel"}
WHOLE = {"attribute": "all", "value": "all", "mode": None, "category": "all"}
COUNTS = {"count": 10, "skipped": 1, "missing": 2, "release": "r"}


def a_row(metric: str, score: float | None, **selected: str) -> dict:
    return ORIGIN | DIGEST | WHOLE | COUNTS | {"metric": metric, "score": score} | selected


def scored(*rows: dict, **parts) -> ScoredPredictions:
    """An evaluation with these scores, if any."""
    tables = report_tables(pa.Table.from_pylist(list(rows), SCORES)) if rows else {}
    return ScoredPredictions(**{**ORIGIN, **DIGEST, **tables, **parts})


def plots_of(block: dict) -> list[dict]:
    """The plots in a block, at any depth."""
    inner = block.get("blocks", ())
    return [block] if block["kind"] == "plot" else [plot for b in inner for plot in plots_of(b)]


def test_the_scores_of_everything_have_a_table_the_others_plots_and_a_table_to_open():
    rows = [
        a_row("AP", 0.6123),
        a_row("AP50", 0.8),
        *(
            a_row("AP", score, attribute="scale", value=value, mode=mode)
            for value, score in (("small", 0.41), ("large", 0.72))
            for mode in ("ignored", "removed")
        ),
        a_row("AP", None, attribute="scale", value="modest", mode="ignored"),
        a_row("AP50", 0.9, attribute="scale", value="small", mode="ignored"),
        a_row("AP", 0.5, category="skirt"),
    ]
    section = scored_predictions(scored(*rows))
    whole, plots, everything = section.blocks
    assert [[cell["text"] for cell in row][:2] for row in whole["rows"]] == [
        ["AP", "0.612"],
        ["AP50", "0.800"],
    ]
    by_scale, by_category = plots_of(plots)
    assert (by_scale["title"], by_category["title"]) == ("AP by scale", "AP by category")
    for text in ("small", "large", "ignored", "removed", "0.41", "0.72"):
        assert f">{text}<" in by_scale["svg"]
    assert "modest" not in by_scale["svg"] and ">skirt<" in by_category["svg"]
    assert len(everything["block"]["rows"]) == len(rows)
    assert (section.title, section.chapter) == ("Detection: DeepFashion2, train", "Scores")


def test_published_scores_are_next_to_those_of_the_predictions():
    mnist = {"task": "classification", "dataset": "fashion-mnist", "split": "test"}
    table = scored(a_row("accuracy", 0.9) | mnist, **mnist)
    (block,) = scored_predictions(table).blocks[:1]
    labels = [column["label"] for column in block["columns"]]
    assert labels[labels.index("Score") + 1] == "Published"
    texts = dict(zip(labels, (cell["text"] for cell in block["rows"][0]), strict=True))
    assert (texts["Published"], texts["Method"]) == ("0.967", "WRN40-4, 8.9M parameters")


def test_curves_have_a_small_plot_for_each_category_and_a_line_for_each_threshold():
    rows = [
        {"category": name, "threshold": threshold, "recall": recall, "precision": 1 - recall / 2}
        for name in ("skirt", "vest")
        for threshold in ("0.50", "0.75")
        for recall in (0.0, 0.5, 1.0)
    ]
    (block,) = scored_predictions(scored(curves=rows)).blocks
    plots = plots_of(block)
    assert [plot["title"] for plot in plots] == ["skirt", "vest"]
    for plot in plots:
        assert (
            plot["small"] and "var(--series-1)" in plot["svg"] and "var(--series-2)" in plot["svg"]
        )
        # Lines differ in dashes too, not only in colour.
        assert len(set(re.findall(r'stroke-dasharray="([^"]+)"', plot["svg"]))) == 2
        assert ">100%<" in plot["svg"] and ">Precision<" in plot["svg"]


def test_confusions_have_a_matrix_of_all_and_a_table_of_the_largest():
    rows = [
        {"category": a, "predicted": b, "images": count}
        for a, b, count in (
            ("Bag", "Bag", 9),
            ("Bag", "Coat", 0),
            ("Coat", "Bag", 4),
            ("Coat", "Coat", 7),
        )
    ]
    (block,) = scored_predictions(scored(confusion=rows)).blocks
    matrix, table = block["blocks"]
    numbers = re.findall(r">(\d+)</text>", matrix["svg"])
    assert sorted(numbers) == ["4", "7", "9"]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [["Coat", "Bag", "4"]]


def a_picture(number: int) -> AnnotatedPicture:
    picture = Image.new("RGB", (40, 60), "white")
    prediction = PredictedItem(1, "vest", 0.9, (1, 2, 30, 40))
    return AnnotatedPicture("deepfashion2", "train", number, picture, predictions=(prediction,))


def test_the_worst_items_are_drawn_with_what_one_sees():
    worst = {
        "Missed items": [Drawing([a_picture(1)], "train 1: item 1 is missed")],
        "Queries": [
            Drawing([a_picture(2), a_picture(3), a_picture(4)], "train 2: not in the list")
        ],
    }
    section = scored_predictions(scored(worst=worst))
    missed, queries = section.blocks
    assert missed["title"] == "Missed items" and not missed["blocks"][0]["wide"]
    assert queries["blocks"][0]["wide"]
    assert [block["blocks"][0]["caption"] for block in section.blocks] == [
        "train 1: item 1 is missed",
        "train 2: not in the list",
    ]
    assert "dashed" in section.intro and "dashed" not in scored_predictions(scored()).intro


@pytest.mark.slow
def test_a_page_with_scores_has_one_more_section_and_is_otherwise_the_same():
    content = a_content()
    before = render_report(content)
    page = render_report(replace(content, scored=[scored(a_row("AP", 0.5))]))
    start = page.index('<div class="chapter">\n<p class="chapter-name">Scores')
    end = page.index('<div class="chapter">', start + 1)
    (entry,) = re.findall(r"<p>Scores</p>\n<ul>.*?</ul>\n", page, re.DOTALL)
    assert page.replace(page[start:end], "").replace(entry, "") == before


@pytest.mark.slow
def test_text_of_foreign_files_is_escaped_in_tables_plots_and_captions():
    evil = "<script>alert(1)</script>'\"&"
    rows = [
        a_row("AP", 0.5, attribute=evil, value=evil),
        a_row(evil, 0.5),
        a_row("AP", 0.5, category=evil),
    ]
    curves = [
        {"category": evil, "threshold": evil, "recall": recall, "precision": 1.0}
        for recall in (0.0, 1.0)
    ]
    confusion = [{"category": evil, "predicted": "x", "images": 3}]
    worst = {evil: [Drawing([a_picture(1)], evil)]}
    parts = {"curves": curves, "confusion": confusion, "worst": worst, "notes": [evil]}
    hostile = scored(*rows, **parts, kernel=evil, predictions_sha256=evil, split=evil)
    page = render_report(replace(a_content(), scored=[hostile]))
    assert "<script>alert" not in page and page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in page


def test_lines_are_drawn_from_zero_to_one():
    rows = [{"recall": x, "precision": 0.5, "threshold": "0.50"} for x in (0.0, 0.4)]
    channels = {"x": "recall", "y": "precision", "color": "threshold"}
    svg = plot_block("line", rows, channels, title="")["svg"]
    assert re.findall(r">(\d+%)</text>", svg) == ["0%", "50%", "100%"] * 2
