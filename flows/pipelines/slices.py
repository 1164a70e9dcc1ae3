"""A split of a release in runs of whole images, so that no export holds more than one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from flows.pipelines.progress import OnProgress, no_progress
from flows.release import Fold
from flows.warehouse import Warehouse, restrict_to_keys, run_query
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


def restrict_to_part(
    con: Warehouse,
    dataset: str,
    split: str,
    fold: str | None,
    keys: pa.Table | None = None,
) -> None:
    """Restrict a connection to a part of a split; without fold and keys to the whole release.

    `fold` is such as `0/5`. `keys` are those of selected images or items: `image_id`, with
    `item_no` for items. Raises InputError when the fold has no selected image.
    """
    if fold is not None:
        ids = _fold_images(con, dataset, split, fold)
        if keys is None:
            keys = pa.table({"image_id": ids})
        else:
            keys = keys.filter(pc.is_in(keys["image_id"], value_set=ids))
            if not keys.num_rows:
                raise InputError(f"fold {fold} of {dataset} {split} has no selected images.")
    if keys is not None:
        place = {"dataset": [dataset] * len(keys), "split": [split] * len(keys)}
        columns = dict(zip(keys.column_names, keys.columns, strict=True))
        restrict_to_keys(con, pa.table(place | columns))


def _fold_images(con: Warehouse, dataset: str, split: str, fold: str) -> pa.ChunkedArray:
    """The numbers of the images of a fold."""
    images = run_query(con, "split_images", {"dataset": dataset, "split": split})
    selected = Fold.parse(fold).select(
        dataset,
        split,
        images["image_id"].to_numpy(),
        images["pair_id"].fill_null(-1).to_numpy(),
    )
    return images["image_id"].filter(pa.array(selected))


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
    totals: ExportTotals,
    *,
    landmarks: bool = True,
    polygons: bool = True,
    images: int = IMAGES_AT_ONCE,
    on_progress: OnProgress = no_progress,
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The annotated images of a split and their items, so many at a time, in order of image_id.

    Progress is reported when the next run is asked for.
    """
    parameters: Parameters = {"dataset": totals.dataset, "split": totals.split}
    done = 0
    for run in run_query(con, "coco_slices", parameters | {"images": images}).to_pylist():
        own = parameters | {name: run[name] for name in ("first_image_id", "last_image_id")}
        batch = one_slice(con, own, landmarks=landmarks, polygons=polygons)
        yield batch
        done += batch[0].num_rows
        on_progress("images", done, totals.images)


def one_slice(
    con: Warehouse, parameters: Parameters, *, landmarks: bool, polygons: bool
) -> tuple[pa.Table, pa.Table]:
    """The annotated images from `first_image_id` to `last_image_id` of a split, and their items."""
    parts: Parameters = {"landmarks": landmarks, "polygons": polygons}
    items = run_query(con, "coco_annotations", parameters | parts)
    return run_query(con, "coco_images", parameters), items
