"""A source's bytes -> the nested batch and rejections. In: PartInput. Out: Decoded.

Pure, and the only place that knows the sources' codes. May import `schemas` only.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from flows.decode.decoder import Arrangement, Decoded, Decoder, PartInput


class _Decoders(Mapping[str, Decoder]):
    """Each is imported when it is asked for: a worker need not load what another source needs."""

    _names = ("deepfashion2", "fashionai", "fashion-mnist")

    def __getitem__(self, dataset: str) -> Decoder:
        if dataset not in self._names:
            raise KeyError(dataset)
        module = dataset.replace("-", "_")
        decoder: Decoder = getattr(import_module(f"{__name__}.{module}"), module.upper())
        return decoder

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


DECODERS: Mapping[str, Decoder] = _Decoders()
"""The decoder of every source, by the name of its data set: `<MODULE>` of `decode/<module>.py`."""

__all__ = [
    "DECODERS",
    "Arrangement",
    "Decoded",
    "Decoder",
    "PartInput",
]
