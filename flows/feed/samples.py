"""The feed: a pinned release as a map of samples, by image or by item."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from flows.feed.annotations import Annotations, Sample
from flows.feed.index import Index, default_cache
from flows.feed.order import random_keys, shuffled, shuffled_groups
from flows.feed.pictures import EmbeddedPictures, SourcePictures, open_pictures
from flows.feed.rowgroups import LANES
from flows.pictures import CropTransform, PictureError, Region, crop_picture, open_picture
from flows.release import Fold, describe_left_out, open_release, require_rows
from flows.storage.place import Place
from schemas.categories import CATEGORIES
from schemas.errors import InputError, did_you_mean
from schemas.vocabulary import IMAGE_STATUSES

TASKS = ("detection", "landmarks", "segmentation", "retrieval", "classification")
BY_ITEM = ("retrieval", "classification")
FITS = ("stretch", "pad")


class Feed:
    """Samples of one split of a release, ready for a Sampler, a DataLoader or a plain loop.

    A sample is one image for `detection`, `landmarks` and `segmentation`; one item for `retrieval`
    and `classification`, or with `crop="items"`: then the picture is the item's box with `margin`
    around it (the whole picture where the source has no boxes); retrieval always cuts. Keys:

    - `image`: uint8 array (height, width, channels), or a PIL image with `picture="pil"`;
    - `image_id`, `width` and `height` of the picture as given, `frame`: how coordinates were moved
      (CropTransform);
    - images: `item_nos`, `boxes` (n, 4) as x1 y1 x2 y2, `labels`, `category_ids`; items: `item_no`,
      `box`, `label`, `category_id`; labels run from 0 in the order of `feed.categories`;
    - landmarks: `landmarks` (n, 3) as x y v with v 0 unlabelled, 1 occluded, 2 visible; a list of
      these per image; with `slots=True` at their places in the data set's long vector (294, 24);
    - segmentation: `polygons`, arrays (k, 2), per item;
    - retrieval: `identity` (one number per product and style, from 0; -1 without counterpart),
      `source` (0 shop, 1 user, -1 unknown), `pair_id`, `style`.

    A training export has columns of the same names with the same values. Coordinates are float32
    pixels of the picture as given, also outside of a crop; a box of NaN means the source has none.
    `size` is (width, height) or one number for both; without it pictures keep their own size.
    `fold` takes a part of the split: `0/5`, or the other four with `1-4/5`. The images of a product
    are in one part, the same as in exports.
    `flip` is the share of the samples of an epoch that a Sampler mirrors, drawn by its seed and
    epoch: the picture, its coordinates, and each landmark with its left-right partner. Without a
    Sampler, or with `shuffle=False`, nothing is mirrored.
    `transform` takes the sample and returns what the job wants. Pictures that were not `ok` at
    ingestion, images without annotation (unless `unannotated`) and, for landmarks of items, items
    without a labelled landmark are left out: `left_out` counts samples by reason. InputError when
    nothing remains, or when the split has no annotations for the task.

    Pickling carries paths and options, no rows: workers map the same index files, forked or
    spawned.
    """

    def __init__(
        self,
        release: str | Place,
        dataset: str,
        split: str,
        *,
        task: str = "detection",
        crop: str | None = None,
        margin: float = 0.1,
        size: int | tuple[int, int] | None = None,
        fit: str = "stretch",
        mode: str = "RGB",
        picture: str = "numpy",
        slots: bool = False,
        unannotated: bool = False,
        fold: str | None = None,
        flip: float = 0.0,
        transform: Callable[[Sample], Any] | None = None,
        pictures_at: str | None = None,
        cache: str | Path | None = None,
    ) -> None:
        _one_of("task", task, TASKS)
        _one_of("crop", crop, (None, "items"))
        _one_of("fit", fit, FITS)
        _one_of("picture", picture, ("numpy", "pil"))
        if not 0 <= flip <= 1:
            raise InputError(f"flip cannot be {flip}: give a share from 0 to 1.")
        if dataset not in CATEGORIES:
            hint = did_you_mean(dataset, CATEGORIES, f"give one of {', '.join(CATEGORIES)}.")
            raise InputError(f"{dataset} is not a data set: {hint}")
        self._options: dict[str, Any] = {
            name: value for name, value in locals().items() if name not in ("self", "__class__")
        }
        pinned = open_release(release)
        self._options |= {"release": pinned.path, "cache": Path(cache or default_cache())}
        self.origin, self.dataset, self.split, self.task = pinned.id, dataset, split, task
        self.by_item = crop == "items" or task in BY_ITEM
        self.categories = tuple(category.name for category in CATEGORIES[dataset])
        self._crop, self._margin, self._fit, self._mode = crop, margin, fit, mode
        self._flip = flip
        self._size = (size, size) if isinstance(size, int) else size
        self._as_array, self._transform = picture == "numpy", transform
        self.index = Index(pinned, dataset, split, self._options["cache"])
        images = self.index.images
        self._in_fold = np.ones(len(images["image_id"]), bool)
        if fold is not None:
            self._in_fold = Fold.parse(fold).select(
                dataset, split, images["image_id"], images["pair_id"]
            )
        self._annotations = Annotations(self.index, task, self._in_fold, slots=slots)
        self.rows, self.left_out = self._select(unannotated)
        require_rows(
            f"{dataset} {split}",
            task,
            annotations=1 if unannotated else self._annotation_count(),
            rows=len(self),
            left_out=self.left_out,
        )
        unit = "items" if self.by_item else "images"
        self.selection = f"{dataset} {split} {len(self)} {unit}"
        if fold is not None:
            self.selection += f" of fold {Fold.parse(fold)}"
        if flip:
            self.selection += f", {flip} mirrored"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._options), ()

    def __repr__(self) -> str:
        size = (
            "their own size"
            if self._size is None
            else "{} x {} (width x height)".format(*self._size)
        )
        return (
            f"<Feed of {self.selection}: task {self.task}, pictures at {size}, "
            f"{describe_left_out(self.left_out, len(self))}, release {self.origin}>"
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        """The samples in the order of the release, none of them mirrored."""
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, place: int) -> Any:
        """The sample at a place from 0; IndexError beyond the end, as sequences do.

        With `flip`, the places from len(feed) on are the same samples mirrored.
        """
        return self.__getitems__([place])[0]

    def __getitems__(self, places: Sequence[int]) -> list[Any]:
        """The samples of a batch; PyTorch asks for batches this way."""
        count = len(self)
        for place in places:
            if not -count <= place < (2 * count if self._flip else count):
                raise IndexError(f"sample {place} of {count}")
        rows = self.rows[np.array(places, np.int64) % count]
        mirrored = [place >= count for place in places]
        images = self.index.items["image_row"][rows] if self.by_item else rows
        files = self.pictures.read(images.tolist())
        make = self._item if self.by_item else self._image
        samples = list(map(make, rows.tolist(), files, mirrored))
        return samples if self._transform is None else list(map(self._transform, samples))

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The places of an epoch, shuffled by (seed, epoch) alone, some of them mirrored.

        Over many embedded pictures, shuffled so that few row groups are read at a time.
        """
        return self.mirror_some(self._shuffled(seed, epoch), seed, epoch)

    def mirror_some(self, places: np.ndarray, seed: int, epoch: int) -> np.ndarray:
        """The places with a share `flip` of them, drawn by (seed, epoch), as mirrored samples."""
        if not self._flip:
            return places
        draws = random_keys(places.size, seed, epoch, purpose=3).reshape(places.shape)
        return places + len(self) * ((draws >> 11) * 2.0**-53 < self._flip)

    def _shuffled(self, seed: int, epoch: int) -> np.ndarray:
        sizes = None
        if isinstance(self.pictures, EmbeddedPictures):
            rows = self.index.items["image_row"][self.rows] if self.by_item else self.rows
            sizes = self.pictures.group_sizes(rows)
        if sizes is None:
            return shuffled(len(self), seed, epoch)
        return shuffled_groups(sizes, LANES, seed, epoch)

    @cached_property
    def pictures(self) -> EmbeddedPictures | SourcePictures:
        """Where the bytes come from; opened when first read, so that no open file is forked."""
        return open_pictures(self.index, self._options["pictures_at"])

    @property
    def identities(self) -> np.ndarray:
        """Per item row of the index, one number for its (pair_id, style); -1 without."""
        return self._annotations.identities

    def _image(self, row: int, data: bytes, mirrored: bool) -> Sample:
        picture, frame = self._picture(row, data, None, mirrored)
        return picture | self._annotations.of_image(row, frame)

    def _item(self, row: int, data: bytes, mirrored: bool) -> Sample:
        items = self.index.items
        cut = self._crop == "items" or self.task == "retrieval"
        region = expand_box(items["box"][row], self._margin) if cut else None
        picture, frame = self._picture(int(items["image_row"][row]), data, region, mirrored)
        return picture | self._annotations.of_item(row, frame)

    def _picture(
        self, image_row: int, data: bytes, region: Region | None, mirrored: bool
    ) -> tuple[Sample, CropTransform]:
        """The keys of a sample that its picture decides, and how coordinates move along."""
        try:
            opened = open_picture(data)
            crop = partial(crop_picture, opened, size=self._size, fit=self._fit, mode=self._mode)
            # An item whose box is outside of the picture shows all of it.
            cropped = crop(region=region) or crop()
        except PictureError as error:
            # Its header was readable when it was ingested.
            raise InputError(
                f"{self.index.file_name(image_row)} cannot be decoded ({error}): it is damaged, or "
                "changed since the release was made. Ingest again with --verify-images, which "
                "decodes every picture."
            ) from error
        assert cropped is not None, "a whole picture is not empty"
        image, frame = cropped
        if mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            frame = frame.mirror(image.width)
        pixels: Any = image
        if self._as_array:
            pixels = np.array(image)  # writable: training frameworks warn about anything else
            pixels = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
        return {"image": pixels, "width": image.width, "height": image.height}, frame

    def _select(self, unannotated: bool) -> tuple[np.ndarray, dict[str, int]]:
        """The rows to serve, ascending, and how many are left out for which reason."""
        images, items = self.index.images, self.index.items
        reasons = {
            f"picture {status}": images["image_status"] == place
            for place, status in enumerate(IMAGE_STATUSES)
            if status != "ok"
        }
        if not unannotated:
            reasons["without annotation"] = images["annotated"] == 0
        selected = self._in_fold.copy()
        if self.by_item:
            owner = items["image_row"]
            selected = selected[owner]
            reasons = {reason: mask[owner] for reason, mask in reasons.items()}
            if self.task == "landmarks":
                reasons["without labelled landmark"] = items["labelled"] == 0
        left_out = {}
        for reason, mask in reasons.items():
            if count := int((selected & mask).sum()):
                left_out[reason] = count
            selected &= ~mask
        return np.flatnonzero(selected).astype(np.int32), left_out

    def _annotation_count(self) -> int:
        """How many annotations the split has for the task."""
        items = self.index.items
        match self.task:
            case "landmarks":
                counts = items["labelled"]
            case "segmentation":
                counts = np.diff(self.index.polygons[0])
            case "retrieval":
                counts = items["style"] > 0
            case _:
                counts = np.ones(len(items["image_row"]), np.int64)
        return int(counts[self._in_fold[items["image_row"]]].sum(dtype=np.int64))


def expand_box(box: np.ndarray, margin: float) -> Region | None:
    """A box with `margin` of its width and height added on every side; None for a box of NaN."""
    if np.isnan(box[0]):  # the item has no box
        return None
    x1, y1, x2, y2 = box.tolist()
    aside, above = (x2 - x1) * margin, (y2 - y1) * margin
    return x1 - aside, y1 - above, x2 + aside, y2 + above


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        words = ", ".join(map(str, allowed))
        raise InputError(f"{name} cannot be {value}: give one of {words}.")
