"""Draw an image of a release with its annotations, or all images of its pair_id on a sheet.

Predictions for the image are drawn over its annotations.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flows.exports.drawing.contact_sheet import contact_sheet
from flows.exports.drawing.image import draw_annotations
from flows.lake import open_lake
from flows.pipelines.pictures import PictureReader, annotated_pictures, image_keys
from flows.pipelines.predicted_items import predicted_items, predicted_task
from flows.release.release import TABLES_BY_IMAGE
from flows.storage.atomic import atomic_write
from flows.storage.place import Place
from flows.warehouse import Warehouse, open_warehouse, run_query
from schemas.errors import InputError
from schemas.table import ImageKey

MAX_PICTURES_ON_SHEET = 60

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Pillow's format for each suffix of the file to write."""


def show_image(
    lake: Place,
    release: str | None,
    dataset: str,
    split: str,
    image_id: int,
    *,
    output: Path,
    pair: bool = False,
    predictions: Sequence[Path] = (),
    min_score: float = 0.0,
) -> str:
    """Write the annotated picture, or those of its pair, to a file; returns a sentence about it.

    Predictions from `min_score` are drawn over the picture. InputError for a suffix that is not one
    of FORMATS, for an image that does not exist and for bad predictions.
    """
    if output.suffix.lower() not in FORMATS:
        raise InputError(f"{output}: name it {', '.join(FORMATS)}")
    if pair and predictions:
        raise InputError("--predictions are drawn on one image: leave out --pair")
    chosen = open_lake(lake).release(release)
    chosen.require_split(dataset, split)
    reader = PictureReader(chosen)
    key = (dataset, split, image_id)
    keys = [key]
    if pair:
        with open_warehouse(chosen.tables(), only=["images"]) as con:
            keys = _pair_of(con, key)
    # Predictions are of any image of the split.
    files = chosen.tables(None if predictions else keys)
    with open_warehouse(files, only=TABLES_BY_IMAGE) as con:
        pictures = annotated_pictures(con, reader, keys)
        if not pictures:
            raise InputError(f"{chosen.id} has no image {image_id} in {dataset} {split}")
        counted = ""
        if predictions:
            task = predicted_task(dataset, predictions[0])
            by_image = predicted_items(con, task, dataset, split, predictions, {image_id})
            own = by_image.get(image_id, ())
            sure = tuple(item for item in own if item.score is None or item.score >= min_score)
            pictures = [replace(pictures[0], predictions=sure)]
            counted = f", {len(sure)} of {_counted(len(own), 'prediction')}"
    drawn = contact_sheet(pictures) if pair else draw_annotations(pictures[0])
    with atomic_write(output) as sink:
        drawn.save(sink, FORMATS[output.suffix.lower()], quality=90)
    missing = sum(picture.picture is None for picture in pictures)
    reason = reader.missing or "the release does not have its location"
    if pair:
        blank = f", {missing} of them blank: {reason}" if missing else ""
        return (
            f"{output}: {_counted(len(pictures), 'picture')} of pair {pictures[0].pair_id}{blank}"
        )
    blank = f" without the picture: {reason}" if missing else ""
    return f"{output}: {_counted(len(pictures[0].items), 'item')}{counted} drawn{blank}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _pair_of(con: Warehouse, key: ImageKey) -> list[ImageKey]:
    """The keys of all images with the pair_id of this one, consumers' first."""
    dataset, split, image_id = key
    image = {"dataset": dataset, "split": split, "image_id": image_id}
    rows = run_query(con, "pair_images", image | {"most": MAX_PICTURES_ON_SHEET})
    if not rows.num_rows:
        raise InputError(f"image {image_id} of {dataset} {split} is missing or has no pair")
    return image_keys(rows)
