"""A split of a release in runs of whole images, so that no export holds more than one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from flows.release import Fold
from flows.warehouse import Warehouse, restrict_to_images, run_query
from schemas.errors import InputError

IMAGES_AT_ONCE = 4096
"""Images of a run: about twenty megabytes of annotations, whatever the size of the split."""

Parameters = dict[str, str | int]
"""Parameters of the queries: a split, and which of its images."""


@dataclass(frozen=True)
class ExportTotals:
    """Counts of a split's annotations, from sql/coco/coco_totals.sql."""

    dataset: str
    split: str
    images: int
    without_size: int
    items: int
    landmarks: int
    polygons: int
    styled: int


def restrict_to_fold(con: Warehouse, dataset: str, split: str, fold: str | None) -> None:
    """Restrict a connection to a fold of a split, such as `0/5`; None takes the whole release."""
    if fold is None:
        return
    images = run_query(con, "split_images", {"dataset": dataset, "split": split})
    selected = Fold.parse(fold).select(
        dataset,
        split,
        images["image_id"].to_numpy(),
        images["pair_id"].fill_null(-1).to_numpy(),
    )
    ids = images["image_id"].filter(pa.array(selected))
    key = {"dataset": [dataset] * len(ids), "split": [split] * len(ids), "image_id": ids}
    restrict_to_images(con, pa.table(key))


def export_totals(con: Warehouse, dataset: str, split: str) -> ExportTotals:
    """What there is to export. InputError when the release has no such split, or only pictures."""
    rows = run_query(con, "coco_totals", {"dataset": dataset, "split": split}).to_pylist()
    if not rows:
        raise InputError(
            f"the release has no images of {dataset} {split}; `wardrobe query split_totals` "
            "lists what it has."
        )
    totals = ExportTotals(**rows[0])
    if not totals.images:
        raise InputError(
            f"no image of {dataset} {split} is annotated; `wardrobe query split_totals` counts "
            "the annotated images of each split."
        )
    return totals


def split_batches(
    con: Warehouse,
    dataset: str,
    split: str,
    *,
    landmarks: bool = True,
    polygons: bool = True,
    images: int = IMAGES_AT_ONCE,
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The annotated images of a split and their items, run after run, in order of image_id."""
    parameters: Parameters = {"dataset": dataset, "split": split}
    for run in run_query(con, "coco_slices", parameters | {"images": images}).to_pylist():
        images_of_run = {name: run[name] for name in ("first_image_id", "last_image_id")}
        yield one_slice(con, parameters | images_of_run, landmarks=landmarks, polygons=polygons)


def one_slice(
    con: Warehouse, parameters: Parameters, *, landmarks: bool, polygons: bool
) -> tuple[pa.Table, pa.Table]:
    """The annotated images from `first_image_id` to `last_image_id` of a split, and their items."""
    parts: Parameters = {"landmarks": landmarks, "polygons": polygons}
    items = run_query(con, "coco_annotations", parameters | parts)
    return run_query(con, "coco_images", parameters), items
