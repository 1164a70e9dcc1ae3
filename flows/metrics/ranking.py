"""The most similar vectors of a gallery for each query, by blocked matrix products."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

Similarity = Literal["cosine", "dot", "euclidean"]

_BLOCK = 3072
"""Vectors of each side in a matrix product, whose result then takes 36 MiB."""

_SPARE = 12
"""Candidates beyond the count, for the order in double precision."""

_ROWS = 128
"""Queries whose products or candidates are compared at once."""


def most_similar(
    queries: np.ndarray, gallery: np.ndarray, count: int, similarity: Similarity
) -> Iterator[np.ndarray]:
    """For each query, in order, the places of its nearest vectors in the gallery, nearest first.

    Both are float32 vectors in rows, at least one, finite and, for `cosine`, not zero. Each array
    of the result has a row for each of some queries, and `count` columns or as many as the gallery
    has vectors. Candidates are chosen in single precision and ordered in double precision; equal
    vectors are in the order of the gallery.
    """
    kept = min(count + _SPARE, len(gallery))
    norms = _norms(queries), _norms(gallery)
    # Powers of two: products of whole numbers stay exact, so that equal ones remain equal.
    powers = np.frexp(norms[0])[1], np.frexp(norms[1])[1]
    if similarity != "cosine":
        largest = max(int(side.max()) for side in powers)
        powers = np.full_like(powers[0], largest), np.full_like(powers[1], largest)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        scaled = _scaled(queries, powers[0], start)
        places = _candidates(scaled, gallery, powers[1], kept, similarity)[: len(block)]
        for first in range(0, len(block), _ROWS):
            rows = slice(first, first + _ROWS)
            yield _ordered(block[rows], gallery, places[rows], similarity)[:, :count]


def _norms(vectors: np.ndarray) -> np.ndarray:
    norms = np.empty(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK].astype(np.float64)
        norms[start : start + _BLOCK] = np.sqrt((block * block).sum(axis=1))
    return norms


def _scaled(vectors: np.ndarray, powers: np.ndarray, start: int) -> np.ndarray:
    """A block of vectors from `start` divided by these powers of two, filled with zeros.

    Its length is a multiple of 256, so that equal vectors have equal products wherever they are.
    """
    part = vectors[start : start + _BLOCK]
    block = np.zeros((-(-len(part) // 256) * 256, vectors.shape[1]), np.float32)
    np.ldexp(part, -powers[start : start + _BLOCK, None], out=block[: len(part)])
    return block


def _candidates(
    queries: np.ndarray, gallery: np.ndarray, powers: np.ndarray, kept: int, similarity: Similarity
) -> np.ndarray:
    """The places of the `kept` nearest vectors of each query in single precision."""
    values = np.full((len(queries), kept), -np.inf, np.float32)
    places = np.zeros((len(queries), kept), np.int64)
    for start in range(0, len(gallery), _BLOCK):
        block = _scaled(gallery, powers, start)
        products = (queries @ block.T)[:, : len(gallery) - start]
        squares = (block * block).sum(axis=1)[: len(gallery) - start]
        for first in range(0, len(queries), _ROWS):
            rows = slice(first, first + _ROWS)
            part = products[rows]
            if similarity == "euclidean":
                part -= squares / 2
            if similarity == "cosine":
                part /= np.sqrt(squares)
            values[rows], places[rows] = _merged(values[rows], places[rows], part, start)
    return places


def _merged(
    values: np.ndarray, places: np.ndarray, products: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of each row by falling value: of `values` and of products from place `start`."""
    count, kept = values.shape
    rows, columns = np.divmod(
        np.flatnonzero(_nearest(products, values[:, -1:], kept)), products.shape[1]
    )
    all_rows = np.concatenate([np.repeat(np.arange(count), kept), rows])
    all_values = np.concatenate([values.ravel(), products[rows, columns]])
    all_places = np.concatenate([places.ravel(), start + columns])
    # Stable: those of earlier blocks come first, as in the gallery.
    order = np.lexsort((-all_values, all_rows))
    counts = kept + np.bincount(rows, minlength=count)
    best = order[(counts.cumsum() - counts)[:, None] + np.arange(kept)]
    return all_values[best], all_places[best]


def _nearest(products: np.ndarray, least: np.ndarray, kept: int) -> np.ndarray:
    """Where products exceed `least`: in each row all that can be among the `kept` nearest.

    Of many in a row only twice `kept` are left, so that sorting them takes little memory.
    """
    nearest = products > least
    if np.count_nonzero(nearest) > kept * len(products):
        place = products.shape[1] - kept
        limit = np.partition(products, place, axis=1)[:, place, None]
        ties = products == limit
        ties &= ties.cumsum(axis=1, dtype=np.int16) <= kept
        nearest &= ties | (products > limit)
    return nearest


def _ordered(
    queries: np.ndarray, gallery: np.ndarray, places: np.ndarray, similarity: Similarity
) -> np.ndarray:
    """The places of each row by falling similarity in double precision, then as in the gallery."""
    places = np.sort(places, axis=1)
    candidates = gallery[places].astype(np.float64)
    vectors = queries[:, None].astype(np.float64)
    if similarity == "euclidean":
        values = -((candidates - vectors) ** 2).sum(axis=2)
    else:
        values = (candidates * vectors).sum(axis=2)
    if similarity == "cosine":
        values /= np.sqrt((candidates * candidates).sum(axis=2))
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)
