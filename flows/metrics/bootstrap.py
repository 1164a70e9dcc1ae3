"""Bootstrap over images: how often each sample draws each image, scores of samples, intervals."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.uint16]
"""How often each sample draws each image: samples x images."""

Numbers = NDArray[np.float64]

BLOCK = 64
"""Samples whose counts are converted to float64 at a time, to bound the memory."""


def image_counts(images: int, samples: int = 0, seed: int = 0) -> Counts:
    """Each image once, then for each sample `images` draws with replacement: samples + 1 rows.

    The scores of the first row are those of the images. The same seed gives the same samples.
    """
    generator = np.random.default_rng(seed)
    counts = np.ones((samples + 1, images), np.uint16)
    for row in counts[1:]:
        row[:] = np.bincount(generator.integers(images, size=images), minlength=images)
    return counts


def ratios(counts: Counts, numerators: Numbers, denominators: Numbers) -> Numbers:
    """Scores that are a sum over images divided by another: samples x scores.

    `numerators` and `denominators` are images x scores. NaN where a denominator is 0.
    """
    scores = np.empty((len(counts), numerators.shape[1]))
    for start in range(0, len(counts), BLOCK):
        block = counts[start : start + BLOCK].astype(np.float64)
        with np.errstate(invalid="ignore"):
            scores[start : start + BLOCK] = (block @ numerators) / (block @ denominators)
    return scores


def intervals(samples: Numbers, confidence: float) -> Numbers:
    """The percentile interval of each score of samples x scores: 2 x scores, low and high.

    Samples in which a score is NaN do not count; it is NaN where none is left.
    """
    tail = (1 - confidence) / 2
    limits = np.full((2, samples.shape[1]), np.nan)
    defined = ~np.isnan(samples).all(axis=0)
    limits[:, defined] = np.nanquantile(samples[:, defined], (tail, 1 - tail), axis=0)
    return limits
