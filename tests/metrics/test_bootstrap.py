"""Samples of images against a plain loop, and how often intervals contain the true difference."""

import numpy as np
import pytest

from flows.metrics.bootstrap import image_counts, intervals, ratios


def test_samples_equal_a_plain_resampling_loop():
    random = np.random.default_rng(4)
    numerators, denominators = random.random((30, 3)), random.integers(0, 3, (30, 3))
    scores = ratios(image_counts(30, 200, seed=7), numerators, denominators)
    plain = np.random.default_rng(7)
    drawn = [np.arange(30), *(plain.integers(30, size=30) for _ in range(200))]
    for sample, images in enumerate(drawn):
        expected = numerators[images].sum(axis=0) / denominators[images].sum(axis=0)
        assert scores[sample] == pytest.approx(expected, abs=1e-12)
    values = scores[:, 0]
    low, high = intervals(scores, 0.9)[:, 0]
    assert (low, high) == (np.quantile(values, 0.05), np.quantile(values, 0.95))


def test_a_seed_repeats_its_samples_and_another_has_others():
    first = image_counts(50, 20, seed=1)
    assert (first == image_counts(50, 20, seed=1)).all()
    assert (first[:6] == image_counts(50, 5, seed=1)).all()
    assert (first[1:] != image_counts(50, 20, seed=2)[1:]).any(axis=1).all()
    assert (first[0] == 1).all()
    assert (first.sum(axis=1) == 50).all()


def test_scores_without_a_denominator_are_not_numbers_and_do_not_count():
    counts = np.array([[2, 0], [1, 1], [0, 2]], np.uint16)
    numerators, denominators = np.array([[1.0, 0], [0, 0]]), np.array([[2.0, 0], [0, 0]])
    scores = ratios(counts, numerators, denominators)
    assert scores[:2, 0].tolist() == [0.5, 0.5]
    assert np.isnan(scores[2, 0]) and np.isnan(scores[:, 1]).all()
    limits = intervals(scores, 0.95)
    assert limits[:, 0].tolist() == [0.5, 0.5]
    assert np.isnan(limits[:, 1]).all()


def right_answers(random: np.random.Generator, images: int) -> tuple[np.ndarray, ...]:
    """Items of images, and how many of them two models get right: both fail at hard images."""
    chances = 1 / (1 + np.exp(-random.normal(size=(images, 1)) - random.normal(size=(images, 2))))
    items = random.integers(1, 4, (images, 1))
    right_a, right_b = (random.binomial(items, chances[:, [model]]) for model in (0, 1))
    return items, right_a, np.minimum(items, right_b + random.binomial(items, 0.1))


def test_intervals_contain_the_true_difference_about_as_often_as_they_say():
    random = np.random.default_rng(12)
    items, right_a, right_b = right_answers(random, 400_000)
    difference = (right_b.sum() - right_a.sum()) / items.sum()
    contained = 0
    for run in range(300):
        items, right_a, right_b = right_answers(random, 150)
        counts = image_counts(150, 200, seed=run)
        samples = ratios(counts, right_b, items) - ratios(counts, right_a, items)
        low, high = intervals(samples, 0.95)[:, 0]
        contained += low <= difference <= high
    assert 0.91 <= contained / 300 <= 0.98
