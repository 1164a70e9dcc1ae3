"""Pages of `wardrobe browse`: what they show, and where their links lead."""

import re
from html import unescape
from io import BytesIO

import pyarrow.parquet as pq
import pytest
from ingesting import rows_of
from PIL import Image
from releases import image, item

from flows.browse.images import PAGE

KEYS = re.compile(r'<a href="(/image/[^"]+)" aria-label')


def keys_in(page: str) -> list[str]:
    """The addresses of the images of a grid."""
    return [unescape(address) for address in re.findall(KEYS, page)]


def count_in(page: str) -> int:
    return int(re.search(r"<h1>([\d,]+) images?</h1>", page)[1].replace(",", ""))


def test_a_grid_shows_the_images_of_a_filter_and_the_command_that_lists_them(client, lake):
    address = "/?dataset=deepfashion2&category_name=trousers&where=style+%3E+0"
    page = client.get(address)
    assert page.status_code == 200
    expected = rows_of(
        lake,
        "select distinct split, image_id from items where dataset = 'deepfashion2' "
        "and category_name = 'trousers' and style > 0 order by all",
    )
    assert count_in(page.text) == len(expected) > 0
    shown = [tuple(link.split("?")[0].split("/")[3:]) for link in keys_in(page.text)]
    assert shown == [(split, str(image_id)) for split, image_id in expected][:PAGE]
    command = unescape(re.search(r'id="command"[^>]*>(.*?)</pre>', page.text, re.DOTALL)[1])
    assert command.startswith("wardrobe sql --lake ") and "style > 0" in command


def test_a_wrong_condition_stays_in_the_form_with_the_reason_next_to_it(client):
    wrong = "x1 > 40 and colour = '<red>'"
    page = client.get("/", params={"where": wrong, "source": "shop", "layer": "boxes"})
    assert page.status_code == 400
    field = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)
    assert unescape(field[1]) == wrong and 'aria-describedby="problem"' in field[0]
    problem = re.search(r'id="problem"[^>]*>(.*?)</p>', page.text)
    assert "colour" in unescape(problem[1]) and '<option selected value="shop">' in page.text
    assert 'id="layer-boxes" form="filter" checked' in page.text
    assert "/keys.csv" not in page.text and keys_in(page.text) == []
    assert 'id="problem"' not in client.get("/?where=x1+%3E+40").text
    unknown = client.get("/?source=catalogue")
    assert unknown.status_code == 400 and "catalogue" in unknown.text
    assert 'id="filter"' in unknown.text and "aria-invalid" not in unknown.text


def test_the_grid_begins_with_images_of_train(client):
    assert keys_in(client.get("/?dataset=deepfashion2").text)[0] == (
        "/image/deepfashion2/train/1?dataset=deepfashion2"
    )
    assert keys_in(client.get("/").text)[0].startswith("/image/deepfashion2/train/")


def test_the_command_of_a_filter_prints_its_images(client):
    import shlex

    from command_line import wardrobe

    address = "/?source=shop&viewpoint=frontal&visibility=occluded&where=x1+%3E+40+--+comment"
    page = client.get(address).text
    command = unescape(re.search(r'id="command"[^>]*>(.*?)</pre>', page, re.DOTALL)[1])
    done = wardrobe(*shlex.split(command)[1:], "--format", "csv")
    assert done.returncode == 0
    downloaded = client.get(address.replace("/?", "/keys.csv?"))
    assert done.stdout == downloaded.text
    assert count_in(page) == done.stdout.count("\n") - 1 > 0


@pytest.mark.slow
def test_pages_follow_one_another_by_key_in_both_directions(client, lake):
    total = rows_of(lake, "select count(*) from images")[0][0]
    seen, address, previous = [], "/", []
    while address:
        page = client.get(address).text
        seen += keys_in(page)
        back = re.search(r'id="previous" href="([^"]+)"', page)
        if back:
            assert keys_in(client.get(unescape(back[1])).text) == previous
        previous = keys_in(page)
        following = re.search(r'id="following" href="([^"]+)"', page)
        address = unescape(following[1]) if following else None
        assert "offset" not in (address or "")
    assert len(seen) == len(set(seen)) == total > 3 * PAGE


def test_the_previous_and_next_image_are_those_of_the_filter(client, lake):
    condition = "dataset=deepfashion2&category_name=skirt"
    ids = rows_of(
        lake,
        "select distinct split, image_id from items where dataset = 'deepfashion2' "
        "and category_name = 'skirt' order by all",
    )
    places = [f"/image/deepfashion2/{split}/{image_id}?{condition}" for split, image_id in ids]
    assert len(places) > 2
    for before, here, after in zip(places, places[1:], places[2:], strict=False):
        page = client.get(here).text
        assert f'id="previous" href="{before.replace("&", "&amp;")}"' in page
        assert f'id="following" href="{after.replace("&", "&amp;")}"' in page


def test_an_image_page_has_every_column_with_its_meaning_and_the_source_document(client, sources):
    import json

    from schemas import TABLES

    page = unescape(client.get("/image/deepfashion2/train/1?layer=boxes&layer=numbers").text)
    for table in ("images", "items"):
        for field in TABLES[table].schema:
            doc = field.metadata[b"doc"].decode().replace("`", "")
            assert field.name in page and (doc in page or field.name in TABLES[table].key)
    restored = json.loads(re.search(r"restored.*?<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1])
    source = sources / "deepfashion2" / "train" / "annos" / "000001.json"
    assert restored == json.loads(source.read_text())
    assert 'id="layer-boxes" checked' in page and 'id="layer-outlines">' in page
    assert 'class="layer-numbers"' in page


def test_the_row_of_fashionai_is_restored(client, lake, sources):
    ((image_id, name),) = rows_of(
        lake,
        "select image_id, file_name from images where dataset = 'fashionai' and split = 'train' "
        "and annotated order by image_id limit 1",
    )
    page = unescape(client.get(f"/image/fashionai/train/{image_id}").text)
    (table,) = (sources / "fashionai" / "train" / "Annotations").glob("*.csv")
    lines = [line for line in table.read_text().splitlines() if name in line]
    assert lines[0] in page


def test_keys_are_downloaded_as_csv_and_parquet_of_all_or_of_ticked_images(client, lake):
    address = "/keys.parquet?dataset=fashionai&split=train"
    rows = pq.read_table(BytesIO(client.get(address).content))
    own = "select dataset, split, image_id from images where dataset = 'fashionai' "
    assert [tuple(row.values()) for row in rows.to_pylist()] == rows_of(
        lake, own + "and split = 'train' order by all"
    )
    ticked = "/keys.csv?ticked=1&key=deepfashion2/train/2&key=deepfashion2/train/1&key=x/y/3"
    lines = client.get(ticked).text.splitlines()
    assert lines == ["dataset,split,image_id", "deepfashion2,train,1", "deepfashion2,train,2"]
    assert client.get("/keys.csv?ticked=1").status_code == 400


@pytest.mark.parametrize("orientation", [None, 1, 3, 6])
def test_a_picture_is_upright_and_so_are_its_annotations(small_lake, orientation):
    from releases import jpeg

    stored = Image.open(BytesIO(jpeg(64, 80)))
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    data = BytesIO()
    stored.save(data, "JPEG", exif=exif)
    upright = image(1, item(box=(0.0, 0.0, 10.0, 20.0)), picture=data.getvalue())
    client = small_lake(upright | {"orientation": orientation})
    picture = Image.open(BytesIO(client.get("/picture/deepfashion2/train/1").content))
    assert picture.size == ((80, 64) if orientation == 6 else (64, 80))
    page = client.get("/image/deepfashion2/train/1").text
    corner = {3: "M64 80", 6: "M80 0"}.get(orientation, "M0 0")
    assert f'box" d="{corner}L' in page


def test_a_pair_has_consumers_and_shops_with_items_by_style_and_the_rows_of_pairs(client, lake):
    ((split, pair_id),) = rows_of(
        lake, "select split, user_pair_id from pairs order by all limit 1"
    )
    page = client.get(f"/pairs/deepfashion2/{split}/{pair_id}").text
    for source, title in (("user", "Consumers"), ("shop", "Shops")):
        count = rows_of(
            lake,
            f"select count(*) from images where split = '{split}' and pair_id = {pair_id} "
            f"and source = '{source}'",
        )[0][0]
        assert f"{title} ({count})" in page
    assert (
        page.count("<td>positive</td>")
        == rows_of(
            lake, f"select count(*) from pairs where split = '{split}' and user_pair_id = {pair_id}"
        )[0][0]
    )
    assert f'href="/pairs/deepfashion2/{split}/{pair_id}"' in client.get("/pairs").text


def test_a_pair_has_the_triplets_of_its_consumers(small_lake):
    client = small_lake(
        image(1, item(style=1)),
        image(2, item(style=1), item(style=2), source="shop"),
        image(3, item(style=1), source="shop", pair_id=2),
        pairs=True,
        triplets=True,
    )
    page = client.get("/pairs/deepfashion2/train/1").text
    table = page.partition("<h2>Triplets</h2>")[2].partition("</table>")[0]
    rows = [
        unescape(re.sub("<[^>]+>", "|", row)) for row in re.findall(r"<tr>(<td>.*?)</tr>", table)
    ]
    assert rows and all("|1| item 1||" in row and "|2| item 1||" in row for row in rows)
    assert all(row.endswith("|negative random|") for row in rows)
    negatives = set(re.findall(r'href="(/image/[^"]+)">\d+</a> item \d</td><td>neg', table))
    assert negatives <= {"/image/deepfashion2/train/2", "/image/deepfashion2/train/3"} and negatives
    other = client.get("/pairs/deepfashion2/train/2").text
    assert "None: <code>wardrobe pairs build</code>" in other
