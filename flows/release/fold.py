"""Folds: parts of a split that keep the images of a product together."""

import hashlib
import re
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from schemas.errors import InputError

MAX_FOLDS = 1_000

_FOLD = re.compile(r"([0-9]{1,4}(?:-[0-9]{1,4})?(?:,[0-9]{1,4}(?:-[0-9]{1,4})?)*)/([0-9]{1,4})")


@dataclass(frozen=True)
class Fold:
    """Some of `count` parts of a split of about equal size, by their numbers from 0.

    The part of an image follows from a hash of data set, split and pair_id, or of the image_id
    for an image without one: it is the same in every release, and no product is in two parts.
    """

    parts: tuple[int, ...]
    count: int

    @classmethod
    def parse(cls, text: str) -> "Fold":
        """The fold that `0/5`, `1-4/5` or `0,2-4/5` names. Raises InputError for another text."""
        match = _FOLD.fullmatch(text)
        parts: set[int] = set()
        count = int(match[2]) if match else 0
        for piece in match[1].split(",") if match else ():
            first, _, last = piece.partition("-")
            parts.update(range(int(first), int(last or first) + 1))
        if not parts or max(parts) >= count or count > MAX_FOLDS:
            raise InputError(
                f"fold cannot be {text}: give numbers from 0 and, after a slash, how many parts "
                f"there are (at most {MAX_FOLDS:,}), such as 0/5 or 1-4/5."
            )
        return cls(tuple(sorted(parts)), count)

    def __str__(self) -> str:
        ranges = []
        for _, run in groupby(enumerate(self.parts), key=lambda pair: pair[1] - pair[0]):
            numbers = [number for _, number in run]
            ranges.append(f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
        return f"{','.join(ranges)}/{self.count}"

    def select(
        self, dataset: str, split: str, image_ids: np.ndarray, pair_ids: np.ndarray
    ) -> np.ndarray:
        """Which images of a split are in the fold, as booleans; a pair_id below 0 means none.

        Raises InputError when the split has images and the fold has none of them.
        """
        parts = np.empty(len(image_ids), np.int64)
        paired = pair_ids >= 0
        for kind, ids, rows in (("pair", pair_ids, paired), ("image", image_ids, ~paired)):
            numbers, places = np.unique(ids[rows], return_inverse=True)
            hashed = [self._part(f"{dataset}/{split}/{kind}/{id_}") for id_ in numbers.tolist()]
            parts[rows] = np.array(hashed, np.int64)[places]
        selected = np.isin(parts, self.parts)
        if len(selected) and not selected.any():
            raise InputError(f"fold {self} of {dataset} {split} has no images.")
        return selected

    def _part(self, name: str) -> int:
        digest = hashlib.md5(name.encode(), usedforsecurity=False).digest()
        return int.from_bytes(digest[:7], "big") % self.count
