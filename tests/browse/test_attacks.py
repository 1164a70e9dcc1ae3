"""Attacks on `wardrobe browse`: other hosts and methods, markup, paths, SQL, damaged files."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from browsed import MARKUP, client_of
from damaged_lakes import copy_of, damage_release
from releases import image, item
from starlette.testclient import TestClient
from user_sql_attacks import LIMITS, READS, WRITES

from flows.browse.guard import HEADERS, Guard

PAGES = ("/", "/image/deepfashion2/train/1", "/pairs", "/keys.csv", "/nothing", "/static/browse.js")


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "127.0.0.1.example.org",
        "localhost:80:80",
        "",
        "a@localhost",
        "[::2]",
        "a b",
    ],
)
def test_requests_for_other_hosts_are_refused(client, host):
    for page in PAGES:
        refused = client.get(page, headers={"host": host})
        assert refused.status_code == 421 and "<" not in refused.text


@pytest.mark.parametrize(
    ("site", "kind", "status"),
    [
        ("cross-site", "image", 403),
        ("cross-site", "iframe", 403),
        ("same-site", "script", 403),
        ("cross-site", "document", 200),  # a link in a chat
        ("same-origin", "image", 200),
        ("none", "document", 200),
    ],
)
def test_pages_of_other_sites_may_link_but_not_load(client, site, kind, status):
    headers = {"sec-fetch-site": site, "sec-fetch-dest": kind}
    assert client.get("/?where=style > 0", headers=headers).status_code == status


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:8765"])
def test_requests_for_this_machine_are_answered(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


def test_a_server_for_every_address_answers_to_addresses_but_not_to_other_names():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = TestClient(Guard(app, ["0.0.0.0"]))
    assert client.get("/", headers={"host": "192.168.1.7:8765"}).status_code == 200
    assert client.get("/", headers={"host": "rebound.example.org"}).status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_get_is_allowed(client, method):
    for page in PAGES:
        assert client.request(method, page).status_code == 405


def test_every_response_forbids_inline_scripts_framing_and_guessed_types(client):
    for page in (*PAGES, "/picture/deepfashion2/train/1", "/?where=x"):
        response = client.get(page)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]


class _Markup(HTMLParser):
    """What a browser would run or load: scripts, handlers, styles, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list = []
        self.inline: list = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag == "script":
            self.scripts.append(names.get("src"))
        self.inline += [name for name in names if name.startswith("on") or name == "style"]
        self.inline += [value for value in names.values() if "javascript:" in (value or "")]


def require_inert(page: str) -> None:
    """The page has its own script only, and nothing inline."""
    parsed = _Markup()
    parsed.feed(page)
    assert parsed.scripts == ["/static/browse.js"] and parsed.inline == []


def test_markup_in_names_and_requests_is_text(hostile):
    quoted = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for page in (
        "/",
        "/image/deepfashion2/train/1",
        "/pairs/deepfashion2/train/1",
        f"/?where='{quoted}'<>category_name",
        f"/?where={quoted}",
        f"/?dataset={quoted}",
        f"/?after={quoted}",
        f"/image/{quoted}/train/1",
        f"/pairs/{quoted}/x/1",
        f"/{quoted}",
    ):
        response = hostile.get(page)
        assert "text/html" in response.headers["content-type"], page
        require_inert(response.text)
    assert MARKUP in unescape(hostile.get("/image/deepfashion2/train/1").text)
    drawing = hostile.get("/picture/deepfashion2/train/1")
    assert drawing.headers["content-type"] == "image/svg+xml" and "<script" not in drawing.text


@pytest.mark.parametrize(
    "path",
    [
        "/picture/deepfashion2/train/../../../../../../etc/passwd",
        "/picture/deepfashion2/train/..%2f..%2f..%2fetc%2fpasswd",
        "/picture/deepfashion2/train/2",
        "/picture/..%2f/train/1",
        "/picture/deepfashion2/train/1%00",
        "/picture/deepfashion2/train/-1",
        "/picture/deepfashion2/train/99999999999999999999999",
        "/static/..%2fguard.py",
        "/static/%2e%2e/guard.py",
        "/static//etc/passwd",
        "/image/deepfashion2/train/..%2f..",
    ],
)
def test_only_pictures_of_the_release_and_files_of_the_page_are_served(hostile, path):
    response = hostile.get(path)
    assert response.status_code in (400, 404), response.text
    assert "root:" not in response.text and "class Guard" not in response.text


@pytest.mark.parametrize(
    "condition",
    [
        "true; select 1",
        "true) or (true",
        "true union select 1",
        "true group by all",
        "true limit 1",
        "1 = $a",
        "?",
        "true /*",
        "'",
        "(" * 2000 + "1" + ")" * 1999,
        "x" * 4001,
        "not " * 900,
        "\0",
        "getenv('HOME') is not null",
        "exists (from read_text('/etc/passwd'))",
        "exists (from read_csv('/etc/passwd'))",
        "exists (from glob('/*'))",
        "exists (from duckdb_secrets())) and (true",
        "no_such_column > 1",
        "cast(category_name as integer) > 1",
    ],
)
def test_other_sql_than_one_condition_ends_with_a_sentence(client, condition):
    page = client.get("/", params={"where": condition})
    assert page.status_code == 400, page.text[-500:]
    sentence = unescape(re.search(r'role="alert">(.*?)</p>', page.text, re.DOTALL)[1])
    assert 10 < len(sentence) < 600 and "Traceback" not in sentence
    assert "root:" not in page.text


@pytest.mark.slow
def test_no_attack_on_user_sql_passes_as_a_condition(client, tmp_path):
    secret, out = tmp_path / "secret.txt", tmp_path / "out"
    secret.write_text("secret content")
    for attack in (*WRITES, *LIMITS, *READS):
        statement = attack.replace("{out}", str(out)).replace("{secret}", str(secret))
        for condition in (statement, f"exists ({statement})", f"(select 1 from ({statement}))"):
            page = client.get("/", params={"where": condition[:4000]})
            assert page.status_code == 400, f"{condition}: {page.status_code}"
            assert "secret content" not in page.text
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]
    assert client.get("/").status_code == 200


@pytest.mark.slow
def test_an_endless_condition_is_interrupted_and_later_requests_are_answered(small_lake):
    client = small_lake(image(1, item()), timeout=0.5)
    endless = (
        "exists (with recursive n as (select 1 as i union all select i + 1 from n) "
        "select 1 from n where i < 0)"
    )
    refused = client.get("/", params={"where": endless})
    assert refused.status_code == 503 and "within 0.5 seconds" in refused.text
    assert client.get("/").status_code == 200


@pytest.mark.slow
def test_a_condition_that_needs_too_much_memory_ends_with_a_sentence(small_lake):
    client = small_lake(image(1, item()))
    for large in (
        "(select count(distinct md5(range::text)) from range(30000000)) > 1",
        "len(range(1000000000 + image_id)) > style",
        "(" * 3000,
    ):
        refused = client.get("/", params={"where": large})
        assert refused.status_code == 400 and "memory" in refused.text, large
        assert client.get("/?where=style+%3D+0").status_code == 200


def test_ticked_images_of_splits_that_do_not_exist_take_no_time(client):
    keys = [("key", f"a{number}/b/1") for number in range(2_500)]
    image = ("key", "deepfashion2/train/1")
    answer = client.get("/keys.csv", params=[("ticked", "1"), *keys, image])
    assert answer.text.split() == ["dataset,split,image_id", "deepfashion2,train,1"]


def test_a_missing_picture_and_a_damaged_one_have_a_clear_page(small_lake, tmp_path):
    client = small_lake(image(1, picture=b"\xff\xd8\xff broken"), image(2))
    (tmp_path / "source" / "train" / "image" / "000002.jpg").unlink()
    damaged = client.get("/picture/deepfashion2/train/1")
    missing = client.get("/picture/deepfashion2/train/2", headers={"accept": "text/html"})
    assert damaged.status_code == 400 and "cannot be shown" in damaged.text
    assert missing.status_code == 404 and "text/html" in missing.headers["content-type"]
    assert client.get("/image/deepfashion2/train/2").status_code == 200


def test_a_damaged_file_of_the_release_has_a_clear_page(lake, tmp_path):
    own = copy_of(lake, tmp_path / "lake")
    client = client_of(own)
    damage_release(own, "cut off", "landmarks")
    page = client.get("/")
    assert page.status_code == 500 and "wardrobe verify" in page.text
