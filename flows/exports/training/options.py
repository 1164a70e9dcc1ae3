"""Options of a training set: the task, and how its pictures are written."""

from dataclasses import dataclass
from typing import Literal, get_args

from flows.release import Fold
from schemas.errors import InputError

Task = Literal["detection", "landmarks", "segmentation", "retrieval", "classification"]
PictureFormat = Literal["jpeg", "png", "webp"]


@dataclass(frozen=True)
class TrainingOptions:
    """The task, and what becomes of each picture.

    `size` is the longest side that is written, in pixels; smaller pictures keep their size.
    Without `size`, `picture_format` and `crop_items` the source's bytes are copied unchanged.
    `crop_items` makes one row per item, cut out along its box (the whole picture where the source
    has none); always set for retrieval. `fold` takes a part of the split, such as `1-4/5`.
    """

    task: Task
    size: int | None = None
    picture_format: PictureFormat | None = None
    crop_items: bool = False
    quality: int = 90
    fold: str | None = None

    def __post_init__(self) -> None:
        for name, value, words in (
            ("task", self.task, get_args(Task)),
            ("picture format", self.picture_format, (None, *get_args(PictureFormat))),
        ):
            if value not in words:
                names = ", ".join(word for word in words if word)
                raise InputError(f"unknown {name} {value}: give one of {names}")
        if self.fold is not None:
            # In one spelling, because files with other options are not kept.
            object.__setattr__(self, "fold", str(Fold.parse(self.fold)))
        if self.task == "retrieval" and not self.crop_items:
            object.__setattr__(self, "crop_items", True)

    @property
    def by_item(self) -> bool:
        """Whether a row is one item."""
        return self.crop_items or self.task == "classification"
