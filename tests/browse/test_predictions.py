"""Predictions in `wardrobe browse`: outcomes, worst first, and what does not fit a release."""

import re
from html import unescape

import pytest
from browsed import client_of
from command_line import is_one_sentence, wardrobe
from starlette.testclient import TestClient

from schemas.details import RETRIEVAL_OUTCOMES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluated(lake, tmp_path_factory):
    """A function: details and predictions of generated landmarks, boxes or retrieval."""
    folder = tmp_path_factory.mktemp("evaluated")

    def evaluate(task: str):
        predictions, details = folder / f"{task}.json", folder / f"{task}.parquet"
        if not details.exists():
            words = ("--split", "validation", "--lake", lake)
            assert (
                wardrobe("sample", "predictions", task, *words, "-o", predictions).returncode == 0
            )
            done = wardrobe(
                *("evaluate", task, *words, "--predictions", predictions, "--details", details)
            )
            assert done.returncode == 0, done.stderr
        return details, predictions

    return evaluate


def client_with(lake, details, *predictions) -> TestClient:
    return client_of(lake, details=details, predictions=predictions)


def outcomes_in(page: str) -> list[str]:
    """The texts of outcomes of the images of a grid."""
    return re.findall(r'class="outcomes">(.*?)</span>', page)


def test_the_worst_images_come_first_with_predictions_over_the_truth(lake, evaluated):
    client = client_with(lake, *evaluated("landmarks"))
    page = client.get("/predictions").text
    texts = outcomes_in(page)
    bad = [sum(int(n) for n in re.findall(r"(\d+) (?:missed|false)", text)) for text in texts]
    assert bad[0] == max(bad) > 0 and bad[-1] == 0
    assert 'class="layer-predictions"' in page and 'class="cross"' in page
    first = re.search(r'href="(/image/[^"]+)"', page)[1]
    assert "Outcomes: landmarks" in client.get(first).text


def test_a_filter_by_outcome_keeps_images_with_it(lake, evaluated):
    client = client_with(lake, *evaluated("detection"))
    every = outcomes_in(client.get("/predictions").text)
    for word in ("missed", "found"):
        texts = outcomes_in(client.get("/predictions", params={"outcome": word}).text)
        assert len(texts) == len([text for text in every if word in text])
        assert all(word in text for text in texts)
    assert client.get("/?outcome=hit").status_code == 400


def test_the_keys_of_the_worst_are_those_of_evaluated_images(lake, evaluated):
    client = client_with(lake, evaluated("detection")[0])
    page = client.get("/predictions").text
    keys = client.get(unescape(re.search(r'href="(/keys.csv[^"]*)"', page)[1])).text.split()[1:]
    assert sorted(keys) == sorted(
        key.replace("/", ",") for key in re.findall(r'name="key" value="([^"]+)"', page)
    )


def test_pages_of_the_worst_follow_one_another(lake, evaluated, monkeypatch):
    monkeypatch.setattr("flows.browse.images.PAGE", 3)
    client = client_with(lake, evaluated("detection")[0])
    seen, address = [], "/predictions"
    while address:
        page = client.get(address).text
        seen += re.findall(r'href="(/image/[^"]+)"', page)
        following = re.search(r'id="following" href="([^"]+)"', page)
        address = unescape(following[1]) if following else None
    assert len(seen) == len(set(seen)) > 3
    assert client.get("/predictions?after=x").status_code == 400


def test_queries_of_retrieval_have_their_outcomes(lake, evaluated):
    client = client_with(lake, evaluated("retrieval")[0])
    texts = outcomes_in(client.get("/predictions").text)
    assert texts and all(any(word in text for word in RETRIEVAL_OUTCOMES) for text in texts)


def test_files_that_do_not_fit_are_refused_with_a_sentence(lake, evaluated):
    details, predictions = evaluated("landmarks")
    other = evaluated("detection")[1]
    for words in (
        ("--predictions", predictions),
        ("--details", predictions),
        ("--details", details, "--predictions", other),
    ):
        assert is_one_sentence(wardrobe("browse", "--no-open", "--port", 0, "--lake", lake, *words))


def test_without_details_the_page_says_how_to_get_them(client):
    page = client.get("/predictions")
    assert page.status_code == 404 and "--details" in page.text
    assert "/predictions" not in client.get("/").text
