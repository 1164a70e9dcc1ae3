"""Findings and statistics of `wardrobe browse`: rows, and the images that their links lead to."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from browsed import client_of
from ingesting import ingested, rows_of

from flows.pipelines.statistic_images import images_behind
from flows.warehouse import queries

STATISTICS = [query.name for query in queries("statistics")]


def count_of(client, fields: dict[str, str]) -> int:
    """The number of images of a filter."""
    page = client.get("/", params=fields)
    assert page.status_code == 200, page.text[-400:]
    return int(re.search(r"<h1>([\d,]+) images?</h1>", page.text)[1].replace(",", ""))


def rows_with(lake, statistic: str, columns: str) -> list[tuple]:
    return rows_of(lake, f"select {columns} from {statistic}")


@pytest.mark.parametrize("statistic", STATISTICS)
def test_every_number_of_a_statistic_links_to_images(client, statistic):
    page = client.get(f"/statistics/{statistic}")
    links = {unescape(link) for link in re.findall(r'<a href="(/\?[^"]+)">', page.text)}
    by_fields: dict[tuple, str] = {}
    for link in links:
        where = dict(parse_qsl(urlsplit(link).query)).get("where", "")
        by_fields.setdefault(tuple(re.sub(r"\d+", "", where).split()), link)
    assert links or statistic == "rejections_by_rule"
    for link in by_fields.values():
        assert client.get(link).status_code == 200, link


def test_the_images_behind_a_number_are_as_many_as_the_number(client, lake):
    totals = rows_with(lake, "split_totals", "dataset, split, images, annotated, pictures_missing")
    for dataset, split, *numbers in totals:
        row = {"dataset": dataset, "split": split}
        for column, number in zip(
            ("images", "annotated", "pictures_missing"), numbers, strict=True
        ):
            assert count_of(client, images_behind("split_totals", row, column)) == number
    for name, keys in (
        ("items_by_category", ("category_id",)),
        ("category_cooccurrence", ("category_id", "other_category_id")),
    ):
        columns = ("dataset", "split", *keys, "images")
        for values in rows_with(lake, name, ", ".join(columns))[:12]:
            row = dict(zip(columns, values, strict=True))
            assert count_of(client, images_behind(name, row, "images")) == row["images"]


def test_the_images_behind_a_bin_a_label_and_a_group_hold_its_rows(client, lake):
    for dataset, split, category_id, measure, bin_no, boxes in rows_with(
        lake, "box_size_bins", "dataset, split, category_id, measure, bin, boxes"
    )[:8]:
        row = {"dataset": dataset, "split": split, "category_id": category_id, "bin": bin_no}
        fields = images_behind("box_size_bins", row | {"measure": measure}, "boxes")
        assert 0 < count_of(client, fields) <= boxes
    groups = rows_with(lake, "images_per_pair", "dataset, split, source, images, pair_ids")
    for dataset, split, source, images, pair_ids in groups:
        row = {"dataset": dataset, "split": split, "source": source, "images": images}
        fields = images_behind("images_per_pair", row, "pair_ids")
        assert count_of(client, fields | {"source": source}) == images * pair_ids


def test_a_rejected_item_and_its_rule_lead_to_the_image(lake, sources, tmp_path):
    import json
    import shutil

    source = shutil.copytree(sources / "deepfashion2", tmp_path / "source")
    path = source / "train" / "annos" / "000001.json"
    document = json.loads(path.read_text())
    key = next(key for key in document if key.startswith("item"))
    document[key]["bounding_box"] = [9, 9, 3, 3]
    path.write_text(json.dumps(document))
    ingested("deepfashion2", source, tmp_path / "lake")
    client = client_of(tmp_path / "lake")
    assert 'href="/findings/rule/inverted_box"' in client.get("/findings").text
    page = client.get("/findings/rule/inverted_box").text
    assert 'href="/image/deepfashion2/train/1"' in page and "Exchange the edges" in page
    assert "inverted_box" in client.get("/image/deepfashion2/train/1").text
    assert count_of(client, {"rejection": "inverted_box"}) == 1
    assert count_of(client, {"rejection": "any", "split": "validation"}) == 0


def test_the_page_of_a_check_lists_its_rows_and_images(client):
    findings = client.get("/findings").text
    shown = re.findall(r'href="/findings/check/([^"]+)"', findings)
    assert {"styles_without_counterpart", "items.unique", "leakage"} <= set(shown)
    page = client.get("/findings/check/styles_without_counterpart").text
    rows = len(re.findall(r'<a href="/image/deepfashion2/', page))
    fields = {"check": "styles_without_counterpart"}
    assert rows >= count_of(client, fields) > 0
    assert client.get("/findings/check/nothing").status_code == 404


def test_more_rows_than_a_page_shows_lead_to_all_rows_and_to_the_keys_of_all_images(
    client, monkeypatch
):
    address = "/findings/check/styles_without_counterpart"
    assert "all rows on the command line" not in client.get(address).text
    monkeypatch.setattr("flows.browse.findings.MOST_ROWS", 1)
    page = client.get(address).text
    assert 'The first 1 row; <a href="#all-rows">all rows on the command line</a>' in page
    assert '<details class="sql" id="all-rows" open>' in page and "wardrobe sql --lake" in page
    keys = unescape(re.search(r'href="(/keys.csv[^"]+)" download', page)[1])
    fields = {"check": "styles_without_counterpart"}
    assert client.get(keys).text.count("\n") - 1 == count_of(client, fields) > 1


def test_the_sql_of_a_check_has_values_for_its_parameters(client):
    for name in ("positive_pairs_left_out", "pairs_hold_the_rule"):
        page = client.get(f"/findings/check/{name}")
        assert page.status_code == 200 and "$max_positives" not in page.text
