"""What a training set is for and how its pictures are to be: checked once, told in words."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from schemas.errors import InputError

Task = Literal["detection", "landmarks", "segmentation", "retrieval", "classification"]
PictureFormat = Literal["jpeg", "png", "webp"]


@dataclass(frozen=True)
class TrainingOptions:
    """The task, and what becomes of each picture.

    `size` is the longest side of what is written, in pixels; smaller pictures are left as they
    are. Without `size`, `picture_format` and crops the source's bytes go in unchanged. `crop_items`
    makes one row per item, cut out along its box; retrieval always does.
    """

    task: Task
    size: int | None = None
    picture_format: PictureFormat | None = None
    crop_items: bool = False
    quality: int = 90

    def __post_init__(self) -> None:
        if self.task not in get_args(Task):
            raise InputError(
                f"there is no task {self.task!r}; there are {', '.join(get_args(Task))}"
            )
        if self.picture_format not in (None, *get_args(PictureFormat)):
            raise InputError(
                f"pictures cannot be written as {self.picture_format!r}; "
                f"there are {', '.join(get_args(PictureFormat))}"
            )
        if self.size is not None and self.size < 1:
            raise InputError(f"size is {self.size}, but should be a number of pixels from 1.")
        if not 1 <= self.quality <= 100:
            raise InputError(f"quality is {self.quality}, but should be from 1 to 100.")
        if self.task == "retrieval" and not self.crop_items:
            object.__setattr__(self, "crop_items", True)

    def as_words(self) -> dict[str, Any]:
        """The options as they are written beside the shards."""
        return {
            "task": self.task,
            "rows": "items" if self.crop_items else "images",
            "size": self.size,
            "format": self.picture_format,
            "quality": self.quality,
        }
