"""Decoders: a source's bytes -> the nested batch and rejections. In: PartInput. Out: Decoded.

Pure, and the only place that knows the sources' codes. May import `schemas` only.
"""

from flows.decode.decoder import Arrangement, Decoded, Decoder, PartInput
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.decode.fashion_mnist import FASHION_MNIST
from flows.decode.fashionai import FASHIONAI

DECODERS = {decoder.dataset: decoder for decoder in (DEEPFASHION2, FASHIONAI, FASHION_MNIST)}
"""The decoder of each data set by name."""

__all__ = [
    "DECODERS",
    "Arrangement",
    "Decoded",
    "Decoder",
    "PartInput",
]
