"""The ranking of embeddings: equal to a plain one, with ties in the order of the gallery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.metrics import ranking
from flows.metrics.ranking import most_similar

SIMILARITIES = ("cosine", "dot", "euclidean")


def plain(queries, gallery, count, similarity):
    """Places by falling similarity in double precision, equal ones in the gallery's order."""
    queries, gallery = queries.astype(float), gallery.astype(float)
    if similarity == "euclidean":
        values = -((queries[:, None] - gallery) ** 2).sum(axis=2)
    else:
        values = (queries[:, None] * gallery).sum(axis=2)
    if similarity == "cosine":
        values /= np.sqrt((gallery * gallery).sum(axis=1))
    return np.argsort(-values, axis=1, kind="stable")[:, :count]


def ranked(queries, gallery, count, similarity):
    return np.concatenate(list(most_similar(queries, gallery, count, similarity)))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(ranking, "_BLOCK", 512)
    monkeypatch.setattr(ranking, "_ROWS", 32)


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize(("queries", "gallery"), [(1, 1), (3, 19), (70, 20), (600, 1100)])
def test_the_nearest_are_those_of_a_plain_ranking(similarity, queries, gallery, small_blocks):
    rng = np.random.default_rng(queries)
    sides = [rng.standard_normal((n, 16)).astype(np.float32) for n in (queries, gallery)]
    expected = plain(*sides, 20, similarity)
    assert ranked(*sides, 20, similarity).tolist() == expected.tolist()


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_equal_vectors_are_in_the_order_of_the_gallery(similarity, small_blocks):
    rng = np.random.default_rng(1)
    queries, gallery = (rng.standard_normal((n, 24)).astype(np.float32) for n in (40, 1100))
    gallery[rng.permutation(1100)] = gallery[np.arange(1100) % 7]
    expected = plain(queries, gallery, 20, similarity)
    assert ranked(queries, gallery, 20, similarity).tolist() == expected.tolist()
    assert (np.diff(expected, axis=1) == 1).sum() < expected.size / 2


@pytest.mark.parametrize("similarity", SIMILARITIES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 12))
def test_codes_of_signs_tie_as_in_a_plain_ranking(similarity, seed, width):
    rng = np.random.default_rng(seed)
    queries, gallery = (rng.choice([-1, 1], (n, width)).astype(np.float32) for n in (5, 300))
    expected = plain(queries, gallery, 20, similarity)
    assert ranked(queries, gallery, 20, similarity).tolist() == expected.tolist()


@pytest.mark.parametrize("factor", [1e-37, 1e-30, 1e30, 1e38])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_products_of_extreme_numbers_stay_in_range(similarity, factor):
    rng = np.random.default_rng(2)
    queries, gallery = (rng.uniform(0.5, 1, (n, 8)).astype(np.float32) for n in (10, 200))
    scaled = ranked(queries * np.float32(factor), gallery * np.float32(factor), 20, similarity)
    assert scaled.tolist() == plain(queries, gallery, 20, similarity).tolist()


def test_a_gallery_of_equal_vectors_takes_little_memory(small_blocks):
    queries = np.eye(40, 8, dtype=np.float32) + 1
    gallery = np.ones((3000, 8), np.float32)
    assert (ranked(queries, gallery, 20, "cosine") == np.arange(20)).all()
    products = np.ones((32, 512), np.float32)
    nearest = ranking._nearest(products, np.full((32, 1), -np.inf), 32)
    assert nearest.sum(axis=1).tolist() == [32] * 32 and nearest[:, :32].all()
