"""The files of a split: batches of images and items come in, pictures and label files go out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.exports.coco.layout import CategoryLayout
from flows.exports.item_rows import ItemRow, item_rows
from flows.exports.training.options import TrainingOptions
from flows.exports.training.pictures import prepare
from flows.exports.training.rows import ReadPictures, with_pictures
from flows.exports.yolo.labels import Task, label_of
from flows.pictures import PictureError
from flows.release import describe_left_out

LEAST_PIXELS = 10
"""Ultralytics refuses pictures with a shorter side."""

BROKEN = "picture cannot be read"
TOO_SMALL = f"picture under {LEAST_PIXELS} pixels"
NO_ITEM = "no item could be written"

_UNCHANGED = TrainingOptions("detection")


@dataclass
class YoloCounts:
    """Pictures and items that were written, and those left out by reason.

    Items of a picture that is left out are not counted. `landmarks_outside` are the landmarks
    outside of their picture.
    """

    images: int = 0
    items: int = 0
    landmarks_outside: int = 0
    images_left_out: Counter[str] = field(default_factory=Counter)
    items_left_out: Counter[str] = field(default_factory=Counter)

    @property
    def notes(self) -> list[str]:
        """Sentences on what is left out or changed, for people."""
        notes = []
        for unit, count, left_out in (
            ("images", self.images, self.images_left_out),
            ("items", self.items, self.items_left_out),
        ):
            if left_out:
                notes.append(describe_left_out(dict(left_out.most_common()), count, unit))
        if self.landmarks_outside:
            outside = f"{self.landmarks_outside:,} landmarks outside of their picture"
            notes.append(f"written as not labelled: {outside}")
        return notes


class YoloWriter:
    """Writes pictures and labels into two new folders; a picture's name is its image_id.

    Pictures are copied, never linked: Ultralytics repairs JPEG files in place. The bytes are the
    source's own, except where the picture has an EXIF orientation or a format that Ultralytics does
    not read. `numbers` are the classes by category_id.
    """

    def __init__(
        self,
        folder: Path,
        *,
        task: Task,
        numbers: Mapping[int, int],
        layouts: Mapping[int, CategoryLayout],
        read: ReadPictures,
    ) -> None:
        self._images, self._labels = folder / "images", folder / "labels"
        for path in (self._images, self._labels):
            path.mkdir(parents=True)
        self._task, self._read = task, read
        self._numbers, self._layouts = numbers, layouts
        self.counts = YoloCounts()

    def write(self, images: pa.Table, items: pa.Table) -> None:
        """Write images (rows of coco_images) with their items (rows of coco_annotations)."""
        items_of: dict[int, list[ItemRow]] = defaultdict(list)
        for item in item_rows(items):
            items_of[item["image_id"]].append(item)
        readable = pc.equal(images["image_status"], "ok")
        for status in images["image_status"].filter(pc.invert(readable)).to_pylist():
            self.counts.images_left_out[f"picture {status}"] += 1
        for image, data in with_pictures(images.filter(readable), self._read):
            reason = self._write_image(image["image_id"], data, items_of[image["image_id"]])
            if reason:
                self.counts.images_left_out[reason] += 1

    def _write_image(self, image_id: int, data: bytes | None, items: Iterable[ItemRow]) -> str:
        """Write a picture and its label file; else the reason why it is left out."""
        try:
            picture = None if data is None else prepare(data, _UNCHANGED)
        except PictureError:
            picture = None
        if picture is None:
            return BROKEN
        size = picture.width, picture.height
        if min(size) < LEAST_PIXELS:
            return TOO_SMALL
        labels = [
            label_of(
                item,
                size,
                task=self._task,
                number=self._numbers[item["category_id"]],
                layout=self._layouts[item["category_id"]],
            )
            for item in items
        ]
        self.counts.items_left_out.update(label.left_out for label in labels if label.left_out)
        lines = [label.line for label in labels if label.line]
        if labels and not lines:
            return NO_ITEM  # without labels it would teach that nothing is to be found
        name = f"{image_id:06}"
        (self._images / (name + picture.ending)).write_bytes(picture.data)
        (self._labels / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        self.counts.images += 1
        self.counts.items += len(lines)
        self.counts.landmarks_outside += sum(label.landmarks_outside for label in labels)
        return ""


def swapped_landmarks(categories: pa.Table, length: int) -> list[int]:
    """For each place in the long list of landmarks, the place after a horizontal flip (flip_idx).

    `categories` are rows of sql/coco/coco_categories.sql, `length` is that of the list.
    """
    rows = [row for row in categories.to_pylist() if row["slot"] is not None]
    slots = {(row["category_id"], row["landmark_no"]): row["slot"] for row in rows}
    swapped = list(range(length))
    for row in rows:
        if row["mirror_no"] is not None:
            swapped[row["slot"]] = slots[row["category_id"], row["mirror_no"]]
    return swapped
