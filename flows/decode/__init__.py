"""A source's bytes -> the nested batch and rejections. In: PartInput. Out: Decoded.

Pure, and the only place that knows the sources' codes. May import `schemas` only.
"""

from flows.decode.decoder import Arrangement, Decoded, Decoder, PartInput
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.decode.fashion_mnist import FASHION_MNIST
from flows.decode.fashionai import FASHIONAI
from flows.decode.picture import PictureFacts, probe, verify

DECODERS: dict[str, Decoder] = {
    decoder.dataset: decoder for decoder in (DEEPFASHION2, FASHIONAI, FASHION_MNIST)
}
"""The decoder of every source, by the name of its data set."""

__all__ = [
    "DECODERS",
    "Arrangement",
    "Decoded",
    "Decoder",
    "PartInput",
    "PictureFacts",
    "probe",
    "verify",
]
