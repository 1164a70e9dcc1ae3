"""The images of a filter: rows of keys in, pages, neighbours and their number out."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from flows.release import Release
from schemas.datasets import DATASETS
from schemas.table import IMAGE_KEY, ImageKey

SplitKey = tuple[str, str]


def declared_splits(release: Release) -> list[SplitKey]:
    """(dataset, split) of a release as declared: train first, which has annotations, test last.

    Those that are not declared follow, sorted.
    """
    held = release.splits("images")
    declared = [(name, split) for name, dataset in DATASETS.items() for split in dataset.splits]
    return [place for place in declared if place in held] + sorted(set(held) - set(declared))


class MatchingImages:
    """The keys of images in the order of splits, then by number; 8 bytes each."""

    def __init__(self, places: Sequence[SplitKey], numbers: Sequence[np.ndarray]) -> None:
        """`numbers` are the image_ids of each place, sorted."""
        self._places = places
        self._numbers = np.concatenate([np.empty(0, np.int64), *numbers])
        self._starts = [0, *np.cumsum([len(own) for own in numbers]).tolist()]

    @classmethod
    def of(cls, places: Sequence[SplitKey], keys: pa.Table) -> "MatchingImages":
        """Those of rows of IMAGE_KEY, in any order. Rows of other places are left out."""
        groups = keys.group_by(list(IMAGE_KEY[:2])).aggregate([("image_id", "list")])
        by_place = {
            (row["dataset"].as_py(), row["split"].as_py()): np.sort(row["ids"].values.to_numpy())
            for row in _rows(groups.rename_columns(["dataset", "split", "ids"]))
        }
        return cls(places, [by_place.get(place, np.empty(0, np.int64)) for place in places])

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def nbytes(self) -> int:
        """The memory of the keys."""
        return self._numbers.nbytes

    def in_split(self, place: SplitKey) -> np.ndarray:
        """The image_ids of a split, sorted."""
        if place not in self._places:
            return np.empty(0, np.int64)
        number = self._places.index(place)
        return self._numbers[self._starts[number] : self._starts[number + 1]]

    def and_of(self, others: "MatchingImages") -> "MatchingImages":
        """The images that are also among `others`."""
        numbers = [
            np.intersect1d(self.in_split(place), others.in_split(place), assume_unique=True)
            for place in self._places
        ]
        return MatchingImages(self._places, numbers)

    def position(self, key: ImageKey, side: Literal["left", "right"]) -> int:
        """How many images come before a key, or with `right` before or at it.

        The key need not be one of these; it comes last where its split is not one.
        """
        if key[:2] not in self._places:
            return len(self)
        start = self._starts[self._places.index(key[:2])]
        return start + int(np.searchsorted(self.in_split(key[:2]), key[2], side))

    def keys(self, start: int, stop: int) -> list[ImageKey]:
        """The keys at positions from `start` to before `stop`; none outside of the range."""
        keys = []
        for position in range(max(start, 0), min(stop, len(self))):
            dataset, split = self._places[bisect_right(self._starts, position) - 1]
            keys.append((dataset, split, int(self._numbers[position])))
        return keys

    def neighbours(self, key: ImageKey) -> tuple[ImageKey | None, ImageKey | None]:
        """The keys before and after a key."""
        before, after = self.position(key, "left"), self.position(key, "right")
        previous, following = self.keys(before - 1, before), self.keys(after, after + 1)
        return (previous[0] if previous else None, following[0] if following else None)

    def table(self) -> pa.Table:
        """The rows of IMAGE_KEY, sorted as SQL sorts them: splits by name."""
        columns: list[list] = [[], []]
        places = sorted(self._places)
        numbers = [self.in_split(place) for place in places]
        for place, own in zip(places, numbers, strict=True):
            for column, value in zip(columns, place, strict=True):
                column.append(pa.repeat(value, len(own)))
        arrays = [
            *(pa.chunked_array(column, pa.string()) for column in columns),
            pa.chunked_array([*map(pa.array, numbers)], pa.int64()),
        ]
        return pa.table(arrays, names=list(IMAGE_KEY))


def _rows(table: pa.Table) -> list[dict[str, pa.Scalar]]:
    """The rows as scalars, whose lists are not converted."""
    return [
        {name: table[name][number] for name in table.column_names}
        for number in range(table.num_rows)
    ]
