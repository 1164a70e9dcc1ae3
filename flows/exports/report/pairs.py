"""The report's sections about one data set's pictures: pairs, sizes, samples, mean pictures."""

from collections.abc import Sequence
from typing import Any

from flows.exports.drawing.annotated import AnnotatedPicture
from flows.exports.drawing.contact_sheet import contact_sheet
from flows.exports.drawing.image import draw_annotations, item_words
from flows.exports.report.cells import label, number, plain_number, size, table_block, words
from flows.exports.report.content import ReportContent, Row, Section
from flows.exports.report.images import PictureBlock, picture_block
from flows.exports.report.plots import columns

_SIDES = {"user": "consumers", "shop": "shops"}


def pairs(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Pair totals, how large the groups are, and some of them side by side."""
    totals = content.rows("pair_totals", dataset)
    if not totals:
        return None
    measures = {
        "pair_ids": "pair_ids with a style",
        "instance_pairs": "instance pairs",
        "image_pairs_by_item": "image pairs, matched by item",
        "image_pairs_by_image": "image pairs, any styled item",
        "user_items": "consumers' items with a style",
        "shop_items": "shops' items with a style",
        "user_keys": "consumers' keys (pair_id, style)",
        "shop_keys": "shops' keys (pair_id, style)",
        "user_orphan_keys": "consumers' keys without a shop's item",
        "shop_orphan_keys": "shops' keys without a consumer's item",
        "user_orphan_items": "consumers' items of those keys",
        "shop_orphan_items": "shops' items of those keys",
        "mixed_category_keys": "keys of more than one category",
    }
    turned: list[dict[str, Any]] = [
        {"measure": text, **{row["split"]: row.get(name) for row in totals}}
        for name, text in measures.items()
    ]
    splits = {row["split"]: (row["split"], number) for row in totals}
    table = table_block(
        turned, {"measure": ("Measure", words), **splits}, caption="Pairs in every reading"
    )
    plots = [*_group_sizes(content, dataset), *_style_counts(content, dataset)]
    blocks: list[Any] = [table, Row(tuple(plots))] if plots else [table]
    sheets = [_sheet(group) for group in content.pairs if group and group[0].dataset == dataset]
    if sheets:
        blocks.append(Row(tuple(sheets), title="Some pairs, side by side"))
    intro = (
        "A consumer's item and a shop's item make a pair when pair_id and style are equal and the "
        "style is above 0. Image pairs can be counted in two ways; both are here."
    )
    return Section(chapter, f"{dataset}-pairs", "Pairs", intro, tuple(blocks))


def _group_sizes(content: ReportContent, dataset: str) -> list[Any]:
    rows = content.rows("images_per_pair", dataset)
    plots = []
    for split in dict.fromkeys(row["split"] for row in rows):
        counted = {
            (row["source"], row["images"]): row["pair_ids"] for row in rows if row["split"] == split
        }
        most = min(30, max(images for _, images in counted))
        shown = [
            {"source": word, "images": images, "pair_ids": counted.get((source, images), 0)}
            for source, word in _SIDES.items()
            for images in range(most + 1)
        ]
        title = f"Pictures per pair_id in {split.replace('_', ' ')}"
        said = f"{title}: how many pair_ids have so many pictures of consumers and of shops."
        plots.append(
            columns(
                shown,
                name="images",
                value="pair_ids",
                series="source",
                title=title,
                description=said,
                axis="pictures, up to 30",
            )
        )
    return plots


def _style_counts(content: ReportContent, dataset: str) -> list[Any]:
    rows = content.rows("styles_per_pair", dataset)
    if not rows:
        return []
    return [
        columns(
            rows,
            name="styles",
            value="pair_ids",
            series="split",
            title="Styles per pair_id",
            description="How many pair_ids have so many different styles.",
            axis="styles",
        )
    ]


def _sheet(group: Sequence[AnnotatedPicture]) -> PictureBlock:
    first = group[0]
    users = sum(one.source != "shop" for one in group)
    caption = (
        f"{first.split} pair {first.pair_id}: {users} by consumers, {len(group) - users} by shops"
    )
    return picture_block(contact_sheet(group, columns=4), caption, wide=True)


def pictures(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Sizes of the picture files, and samples with their annotations drawn on them."""
    rows = content.rows("source_sizes", dataset)
    samples = [one for one in content.samples if one.dataset == dataset]
    blocks: list[Any] = []
    if samples:
        blocks.append(Row(tuple(_sample(one) for one in samples), width="gallery"))
    if rows:
        shown = {
            "split": ("Split", words),
            "source": ("Taken by", label),
            "images": ("Images", number),
            "sized": ("Size known", number),
            "median_width": ("Width, median", plain_number),
            "median_height": ("Height, median", plain_number),
            "smallest_side": ("Shortest side", plain_number),
            "largest_side": ("Longest side", plain_number),
            "median_aspect": ("Width by height", number),
            "median_megapixels": ("Megapixels", number),
            "median_bytes": ("File, median", size),
            "total_bytes": ("Files together", size),
        }
        blocks.append(table_block(rows, shown, caption="Sizes of the pictures"))
    if not blocks:
        return None
    intro = (
        "Samples with everything annotated on them: box, outline, skeleton; landmarks are filled "
        "when visible and hollow when occluded."
        if samples
        else "Sizes of the picture files."
    )
    return Section(chapter, f"{dataset}-pictures", "Pictures", intro, tuple(blocks))


def _sample(one: AnnotatedPicture) -> PictureBlock:
    drawn = draw_annotations(one, side=600, legend=False, weight=1.6, letters=20)
    named = "; ".join(item_words(item) for item in one.items) or "no annotated item"
    source = f", {one.source}" if one.source else ""
    return picture_block(drawn, f"{one.split} {one.image_id}{source}: {named}")


def normalisers(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The lengths FashionAI's error is divided by."""
    rows = content.rows("normaliser_lengths", dataset)
    if not rows:
        return None
    shown = {
        "split": ("Split", words),
        "category_name": ("Category", words),
        "items": ("Items", number),
        "measured": ("Measured", number),
        "one_end_absent": ("One end absent", number),
        "both_ends_absent": ("Both absent", number),
        "crossed": ("Crossed", number),
        "shortest": ("Shortest", number),
        "quantile_10": ("10 %", number),
        "median": ("Median", number),
        "quantile_90": ("90 %", number),
        "longest": ("Longest", number),
    }
    intro = (
        "Pixels between the armpits (blouse, outwear, dress) or the ends of the waistband "
        "(trousers, skirt): what the challenge's error is measured in."
    )
    table = table_block(rows, shown, caption="Normaliser lengths in pixels")
    return Section(chapter, f"{dataset}-normalisers", "Normaliser lengths", intro, (table,))


def mean_classes(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The mean picture of each class."""
    means = content.mean_pictures.get(dataset)
    if not means:
        return None
    shown = tuple(picture_block(picture, name, pixelated=True) for name, picture in means.items())
    intro = "The average of all pictures of a class: what it looks like on the whole."
    return Section(
        chapter, f"{dataset}-means", "Mean pictures", intro, (Row(shown, width="narrow"),)
    )
