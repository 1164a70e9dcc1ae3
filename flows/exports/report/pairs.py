"""Sections with pictures: pairs side by side, annotated samples, mean pictures of classes."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from PIL import Image

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.drawing.contact_sheet import contact_sheet
from flows.exports.drawing.image import draw_annotations, item_label
from flows.exports.report.blocks import Block, grid, picture_block, table_block
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.statistics import plot_blocks, statistic_table
from flows.pictures import decode_picture
from schemas.datasets import DATASETS


def pairs(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Pair totals, how large the groups are, and the pictures of some pairs."""
    statistic, totals = content.statistics.get("pair_totals"), content.rows("pair_totals", dataset)
    if statistic is None or not totals:
        return None
    measures = [name for name in totals[0] if name not in ("dataset", "split")]
    rows = [
        {"measure": statistic.columns[name], **{row["split"]: row[name] for row in totals}}
        for name in measures
    ]
    blocks = [table_block(pa.Table.from_pylist(rows), "Pair totals")]
    for name in ("images_per_pair", "styles_per_pair"):
        if content.rows(name, dataset):
            blocks += plot_blocks(content.statistics[name], dataset)
    sheets = [_sheet(group) for group in content.pairs if group and group[0].dataset == dataset]
    blocks.append(grid(sheets, title="Some pairs, side by side"))
    intro = (
        "A consumer's item and a shop's item form a pair when pair_id and style are equal and the "
        "style is above 0. Image pairs can be counted in two ways; the table has both."
    )
    return Section(chapter, f"{dataset}-pairs", "Pairs", intro, blocks)


def _sheet(group: Sequence[AnnotatedPicture]) -> Block:
    first = group[0]
    users = sum(picture.source != "shop" for picture in group)
    caption = (
        f"{first.split} pair {first.pair_id}: {users} by consumers, {len(group) - users} by shops"
    )
    return picture_block(contact_sheet(group, columns=4), caption, wide=True)


SAMPLES_FIRST = 3
"""Samples of each data set at the head of the page; the others are in its own section."""


def samples(content: ReportContent) -> Section | None:
    """The first samples of each data set with their annotations drawn on them."""
    blocks = [
        grid(
            [_sample(sample) for sample in drawn[:SAMPLES_FIRST]],
            width="gallery",
            title=DATASETS[dataset].title,
        )
        for dataset in content.datasets
        if (drawn := _samples_of(content, dataset))
    ]
    if not blocks:
        return None
    return Section("Release", "samples", "Annotated pictures", _SAMPLES_INTRO, blocks)


_SAMPLES_INTRO = (
    "Samples with all their annotations: box, outline, skeleton; landmarks are filled when "
    "visible and hollow when occluded."
)


def _samples_of(content: ReportContent, dataset: str) -> list[AnnotatedPicture]:
    return [sample for sample in content.samples if sample.dataset == dataset]


def pictures(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The other samples with their annotations, and sizes of the picture files."""
    others = _samples_of(content, dataset)[SAMPLES_FIRST:]
    blocks = [grid([_sample(sample) for sample in others], width="gallery")] if others else []
    if content.rows("source_sizes", dataset):
        blocks.append(statistic_table(content.statistics["source_sizes"], dataset))
    if not blocks:
        return None
    intro = "More samples, and sizes of the picture files." if others else "Sizes of the files."
    return Section(chapter, f"{dataset}-pictures", "Pictures", intro, blocks)


def _sample(sample: AnnotatedPicture) -> Block:
    drawn = draw_annotations(sample, side=600, legend=False, weight=1.6, letters=20)
    items = "; ".join(item_label(item) for item in sample.items) or "no annotated item"
    source = f", {sample.source}" if sample.source else ""
    return picture_block(drawn, f"{sample.split} {sample.image_id}{source}: {items}")


def mean_classes(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The mean picture of each class."""
    means = content.mean_pictures.get(dataset)
    if not means:
        return None
    intro = "The mean of all pictures of a class."
    blocks = [picture_block(picture, name, pixelated=True) for name, picture in means.items()]
    drawn = grid(blocks, width="narrow")
    return Section(chapter, f"{dataset}-means", "Mean pictures", intro, [drawn])


def mean_pictures(rows: Iterable[pa.RecordBatch]) -> dict[str, Image.Image]:
    """The mean picture of each class, in the order in which the classes first occur.

    `rows` has `category_name` and `image`, the struct of the table `pictures`. All pictures must
    have one size, as Fashion-MNIST's do; ValueError otherwise.
    """
    sums: dict[str, np.ndarray] = {}
    counts: Counter[str] = Counter()
    for batch in rows:
        for row in batch.to_pylist():
            name = row["category_name"]
            pixels = np.asarray(decode_picture(row["image"]["bytes"], "L"), dtype=np.float64)
            total = sums.setdefault(name, np.zeros_like(pixels))
            if total.shape != pixels.shape:
                raise ValueError(f"a picture of {pixels.shape} among those of {total.shape}")
            total += pixels
            counts[name] += 1
    return {
        name: Image.fromarray((total / counts[name]).round().astype(np.uint8))
        for name, total in sums.items()
    }
