"""Plots of the report: axes, units, colours, and the occlusion of named landmarks."""

import re

import pytest
from report_contents import with_headers

from flows.exports.report.blocks import column_label
from flows.exports.report.landmarks import occlusion_plots
from flows.exports.report.plots import plot_block
from flows.exports.report.statistics import _added_up, statistic_table
from flows.warehouse import query


def ticks_of(svg: str) -> list[str]:
    return re.findall(r">([\d.,%]+k?)</text>", svg)


@pytest.mark.parametrize(
    ("kind", "channels", "rows", "units", "ticks"),
    [
        (
            *("histogram", {"x": "lower", "x2": "upper", "y": "boxes"}),
            [{"lower": k / 5, "upper": (k + 1) / 5, "boxes": k} for k in range(5)],
            *({"lower": "share"}, ["0%", "50%", "100%", "0", "2", "4"]),
        ),
        (
            *("column", {"x": "images", "y": "pair_ids"}),
            [{"images": 1, "pair_ids": 2}, {"images": 2, "pair_ids": 1}],
            *({}, ["0", "1", "2", "0", "1", "2"]),
        ),
        (
            *("bar", {"x": "items", "y": "split"}),
            [{"split": "train", "items": 1234}, {"split": "test", "items": 7}],
            *({}, ["0", "500", "1,000", "1,234", "7"]),
        ),
        (
            *("bar", {"x": "part", "y": "split"}),
            [{"split": "train", "part": 0.126}],
            *({"part": "share"}, ["0%", "5%", "10%", "15%", "12.6%"]),
        ),
    ],
)
def test_plots_have_axes_with_whole_counts_and_percent(kind, channels, rows, units, ticks):
    svg = plot_block(kind, rows, channels, title="", units=units)["svg"]
    assert ticks_of(svg) == ticks
    assert column_label(channels["y" if kind in ("histogram", "column") else "x"]) in svg


def test_key_points_with_names_have_a_plot_of_their_occlusion():
    blouse = {"category_name": "blouse", "landmark_name": "armpit_left", "landmark_no": 6}
    rows = [
        {**blouse, "split": "train", "visible": 6, "occluded": 3, "unlabelled": 50},
        {**blouse, "split": "test_a", "visible": 1, "occluded": 0, "unlabelled": 0},
        {**blouse, "landmark_name": None, "visible": 6, "occluded": 3, "unlabelled": 1},
    ]
    (plot,) = occlusion_plots(rows)
    assert plot["title"] == "blouse" and "6 armpit left" in plot["svg"]
    assert "30.0%" in ticks_of(plot["svg"])
    assert occlusion_plots(rows[2:]) == []


def test_a_unit_may_hold_for_some_rows_only():
    sizes = with_headers(
        {
            "box_sizes": [
                {"dataset": "deepfashion2", "measure": measure, "boxes": 3, "median": 0.126}
                for measure in ("relative_area", "aspect")
            ]
        }
    )["box_sizes"]
    place = list(query("box_sizes").columns).index("median") - 1  # without the data set
    rows = statistic_table(sizes, "deepfashion2")["rows"]
    assert [row[place]["text"] for row in rows] == ["12.6 %", "0.126"]


def test_a_series_has_the_same_colour_in_all_plots_of_a_grid():
    rows = [{"source": word, "viewpoint": "frontal", "items": 3} for word in ("shop", "user")]
    channels = {"x": "items", "y": "viewpoint", "color": "source"}
    svg = plot_block("bar", rows[1:], channels, title="", scale=rows)["svg"]
    assert "--series-2" in svg and "--series-1" not in svg


def test_rows_that_a_plot_does_not_tell_apart_are_added_up():
    rows = [
        {"dataset": "d", "category_name": "skirt", "split": "train", "items": 2},
        {"dataset": "d", "category_name": "skirt", "split": "test", "items": 3},
        {"dataset": "d", "category_name": None, "split": "test", "items": 9},
        {"dataset": "d", "category_name": "vest", "split": "test", "items": 4},
    ]
    channels = {"x": "items", "y": "category_name"}
    assert _added_up(rows, "bar", channels) == [
        {"category_name": "skirt", "items": 5},
        {"category_name": "vest", "items": 4},
    ]
