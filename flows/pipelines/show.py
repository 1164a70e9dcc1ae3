"""A picture of a release with its annotations drawn, or all pictures of its pair_id on a sheet."""

from pathlib import Path

from flows.exports.contact_sheet import contact_sheet
from flows.exports.drawing import draw_annotations
from flows.lake import Lake
from flows.pipelines.pictures import PictureShelf, annotated_pictures
from flows.storage.atomic import write_whole
from flows.warehouse import open_warehouse
from schemas.errors import InputError

MOST_ON_A_SHEET = 60


def show_image(
    lake: Path,
    release: str | None,
    dataset: str,
    split: str,
    image_id: int,
    *,
    output: Path,
    pair: bool = False,
) -> str:
    """Write a PNG of the annotated picture (or of its pair's pictures); says what was drawn."""
    chosen = Lake(lake).release(release)
    with open_warehouse(chosen.tables()) as con:
        key = {"dataset": dataset, "split": split, "image_id": image_id}
        found = con.execute(
            "select pair_id from images "
            "where dataset = $dataset and split = $split and image_id = $image_id",
            key,
        ).fetchall()
        if not found:
            raise InputError(f"{chosen.id} has no image {image_id} in {dataset} {split}")
        pair_id = found[0][0]
        keys = [(dataset, split, image_id)]
        if pair:
            if pair_id is None:
                raise InputError(f"image {image_id} of {dataset} {split} belongs to no pair")
            keys = con.execute(
                "select dataset, split, image_id from images where dataset = $dataset "
                "and split = $split and pair_id = $pair_id order by image_id limit $most",
                {
                    "dataset": dataset,
                    "split": split,
                    "pair_id": pair_id,
                    "most": MOST_ON_A_SHEET,
                },
            ).fetchall()
        pictures = annotated_pictures(con, PictureShelf(chosen), keys)
    drawn = contact_sheet(pictures) if pair else draw_annotations(pictures[0])
    with write_whole(output) as sink:
        drawn.save(sink, "PNG")
    return (
        f"{output}: {len(pictures)} pictures of pair {pair_id}"
        if pair
        else (f"{output}: {len(pictures[0].items)} items drawn")
    )
