"""The report's sections about one data set's garments: categories, labels, landmarks, company."""

from collections import defaultdict
from typing import Any

from flows.exports.report.cells import label, number, plain_number, share, table_block, words
from flows.exports.report.content import Folded, ReportContent, Row, Section
from flows.exports.report.plots import bars, heat, stacked
from flows.exports.report.shapes import shape_blocks
from schemas.vocabulary import OCCLUSIONS, SCALES, VIEWPOINTS, ZOOMS

# Shares in percent as the DeepFashion2 paper gives them (its Figure 3); side and back added up.
_VARIATIONS = {
    "scale": (SCALES, (26, 50, 24), "how much of the picture the box covers"),
    "occlusion": (OCCLUSIONS, (47, 47, 6), "how many landmarks are hidden"),
    "zoom_in": (ZOOMS, (67, 21, 12), "how many landmarks lie outside the picture"),
    "viewpoint": (VIEWPOINTS, (7, 78, 15), "whether it is worn, and seen from where"),
}


def categories(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Items per category and split."""
    rows = content.rows("items_by_category", dataset)
    if not rows:
        return None
    table = table_block(
        rows,
        {
            "split": ("Split", words),
            "category_id": ("Number", plain_number),
            "category_name": ("Category", words),
            "items": ("Items", number),
            "images": ("Images", number),
            "share": ("Share of the split", share),
        },
        caption="Items by category",
    )
    splits = list(dict.fromkeys(row["split"] for row in rows))
    plots = tuple(
        bars(
            [row for row in rows if row["split"] == split],
            name="category_name",
            value="items",
            title=f"Items in {split}",
            description=_largest([row for row in rows if row["split"] == split], split),
        )
        for split in splits
    )
    intro = "How often each category was annotated."
    return Section(
        chapter,
        f"{dataset}-categories",
        "Categories",
        intro,
        (Row(plots), Folded("All numbers", table)),
    )


def _largest(rows: list[dict[str, Any]], split: str) -> str:
    most = max(rows, key=lambda row: row["items"])
    return f"Most often in {split}: {most['category_name']}, {most['items']:,} items."


def variations(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The four labels, overall beside the paper's and by category."""
    rows = content.rows("variations", dataset)
    if not rows:
        return None
    overall, by_category = [], []
    for name, (labels, paper, meaning) in _VARIATIONS.items():
        shown = [row for row in rows if row["variation"] == name and row["label"] in labels]
        total = [
            {
                "label": row["label"].replace("_", " "),
                "share": row["share"],
                "split": row["split"],
                "paper": paper[labels.index(row["label"])] / 100,
                "place": labels.index(row["label"]),
            }
            for row in shown
            if row["category_id"] is None
        ]
        if not total:
            continue
        total.sort(key=lambda row: row["place"])
        title = name.replace("_", "-").capitalize()
        said = ", ".join(f"{r['split']} {r['label']} {r['share']:.0%}" for r in total)
        overall.append(
            bars(
                total,
                name="label",
                value="share",
                series="split",
                marks="paper",
                percent=True,
                title=f"{title}: {meaning}",
                description=f"{title}: {said}.",
            )
        )
        named = [
            {**row, "label": row["label"].replace("_", " ")}
            for row in shown
            if row["category_id"] is not None
        ]
        named.sort(key=lambda row: row["category_id"])
        if named:
            by_category.append(
                stacked(
                    named,
                    name="category_name",
                    value="items",
                    part="label",
                    parts=[word.replace("_", " ") for word in labels],
                    title=f"{title} by category",
                    description=f"Shares of {title.lower()} labels in each category.",
                )
            )
    table = table_block(
        [row for row in rows if row["category_id"] is None],
        {
            "split": ("Split", words),
            "variation": ("Label", label),
            "label": ("Value", label),
            "items": ("Items", number),
            "share": ("Share", share),
        },
        caption="Scale, occlusion, zoom-in and viewpoint",
    )
    blocks = (Row(tuple(overall)), Row(tuple(by_category)), Folded("All numbers", table))
    intro = (
        "How garments vary: the four labels of every item, as Figure 3 of the paper shows them. "
        "Bars are the splits of this release, upright marks the shares the paper gives."
    )
    return Section(chapter, f"{dataset}-variations", "Variations", intro, blocks)


def landmarks(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The mean shape of each category with how often every landmark is seen."""
    visibility = content.rows("landmark_visibility", dataset)
    shapes = shape_blocks(
        content.rows("mean_landmark_shape", dataset),
        visibility,
        content.rows("box_sizes", dataset),
    )
    if not shapes:
        return None
    table = table_block(
        visibility,
        {
            "split": ("Split", words),
            "category_name": ("Category", words),
            "landmark_no": ("Landmark", plain_number),
            "landmark_name": ("Name", label),
            "items": ("Items", number),
            "visible_share": ("Visible", share),
            "occluded_share": ("Occluded", share),
            "unlabelled_share": ("Unlabelled", share),
        },
        caption="Visibility of every landmark",
    )
    legend = (("visible", "visible"), ("occluded", "occluded"), ("unlabelled", "unlabelled"))
    intro = (
        "Where each landmark lies on average in its item's box. The ring around it shows how "
        "often it is visible, occluded or not labelled; hover or tap for the numbers."
    )
    return Section(
        chapter,
        f"{dataset}-landmarks",
        "Landmarks",
        intro,
        (Row(tuple(shapes), width="shapes", legend=legend), Folded("All numbers", table)),
    )


def together(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Which categories meet in one picture."""
    rows = content.rows("category_cooccurrence", dataset)
    met = [row for row in rows if row["category_id"] != row["other_category_id"]]
    if not met:
        return None
    images: dict[tuple[str, str], int] = defaultdict(int)
    numbers: dict[str, int] = {}
    for row in met:
        pair = (row["category_name"], row["other_category_name"])
        images[pair] += row["images"]
        numbers[pair[0]], numbers[pair[1]] = row["category_id"], row["other_category_id"]
    values = [
        {"a": one, "b": other, "images": count}
        for (a, b), count in images.items()
        for one, other in ((a, b), (b, a))
    ]
    first, second = max(images, key=lambda pair: images[pair])
    plot = heat(
        values,
        across="a",
        down="b",
        value="images",
        order=sorted(numbers, key=lambda name: numbers[name]),
        title="Pictures that show both",
        description=f"Most often: {first} with {second}, {images[first, second]:,} pictures.",
    )
    table = table_block(
        sorted(met, key=lambda row: -row["images"]),
        {
            "split": ("Split", words),
            "category_name": ("Category", words),
            "other_category_name": ("With", words),
            "images": ("Images", number),
            "share_of_category": ("Of the first", share),
            "share_of_other": ("Of the second", share),
        },
        caption="Categories worn together",
    )
    intro = "How many pictures show two categories at once, all splits together."
    return Section(
        chapter,
        f"{dataset}-together",
        "Worn together",
        intro,
        (Row((plot,)), Folded("All numbers", table)),
    )
