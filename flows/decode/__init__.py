"""Decoders: a source's bytes -> the nested batch and rejections. In: PartInput. Out: Decoded.

Pure, and the only place that knows the sources' codes. May import `schemas` only.
"""

from importlib import import_module

from flows.decode.decoder import Arrangement, Decoded, Decoder, PartInput
from schemas.datasets import DATASETS, Dataset


def _decoder(dataset: Dataset) -> Decoder:
    decoder: Decoder = getattr(import_module(f"{__name__}.{dataset.module}"), dataset.constant)
    return decoder


DECODERS = {name: _decoder(dataset) for name, dataset in DATASETS.items()}
"""The decoder of each data set by name: `FASHION_MNIST` of `decode/fashion_mnist/`."""

__all__ = [
    "DECODERS",
    "Arrangement",
    "Decoded",
    "Decoder",
    "PartInput",
]
