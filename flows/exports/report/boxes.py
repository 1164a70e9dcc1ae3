"""The report's section about one data set's boxes and outlines."""

from collections import defaultdict
from typing import Any

from flows.exports.report.cells import label, number, share, table_block, words
from flows.exports.report.content import Folded, ReportContent, Row, Section
from flows.exports.report.plots import histogram


def boxes(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """Histograms and quantiles of the boxes, and what the outlines are like."""
    sizes = content.rows("box_sizes", dataset)
    polygons = content.rows("polygon_shapes", dataset)
    if not sizes and not polygons:
        return None
    bins = content.rows("box_size_bins", dataset)
    blocks: list[Any] = []
    for measure, title in (
        ("relative_area", "Part of the picture that the box covers"),
        ("aspect", "Width of the box by its height"),
    ):
        plots = _histograms([row for row in bins if row["measure"] == measure], measure, sizes)
        if plots:
            blocks.append(Row(plots, width="narrow", title=title))
    quantiles = {
        "split": ("Split", words),
        "category_name": ("Category", words),
        "measure": ("Measure", label),
        "boxes": ("Boxes", number),
        "flat_boxes": ("Zero width or height", number),
        "smallest": ("Smallest", number),
        "quantile_10": ("10 %", number),
        "quantile_25": ("25 %", number),
        "median": ("Median", number),
        "quantile_75": ("75 %", number),
        "quantile_90": ("90 %", number),
        "largest": ("Largest", number),
    }
    if sizes:
        table = table_block(sizes, quantiles, caption="Quantiles of the boxes")
        blocks.append(Folded("Quantiles", table))
    if polygons:
        shown = {
            "split": ("Split", words),
            "category_name": ("Category", words),
            "items": ("Items", number),
            "items_with_parts": ("With parts", number),
            "polygons": ("Polygons", number),
            "points_per_polygon": ("Points each", number),
            "median_outline_points": ("Outline points", number),
            "closed_share": ("Closed", share),
            "outline_to_box": ("Outline to box", share),
        }
        blocks.append(table_block(polygons, shown, caption="Outlines by category"))
    intro = (
        "Small multiples of one scale each, all splits together. The first polygon of an item "
        "is its whole outline, the others are parts of it."
    )
    return Section(chapter, f"{dataset}-boxes", "Boxes and outlines", intro, tuple(blocks))


def _histograms(
    bins: list[dict[str, Any]], measure: str, sizes: list[dict[str, Any]]
) -> tuple[Any, ...]:
    """One small histogram per category, its splits added up."""
    counted: dict[tuple[int, str], dict[tuple[float, float], int]] = defaultdict(dict)
    open_end = 1.0 if measure == "relative_area" else 3.1
    for row in bins:
        edges = (row["lower"], row["upper"] if row["upper"] is not None else open_end)
        known = counted[row["category_id"], row["category_name"]]
        known[edges] = known.get(edges, 0) + row["boxes"]
    plots = []
    for (_, name), known in sorted(counted.items()):
        medians = [
            f"median {row['median']:.2f} in {row['split'].replace('_', ' ')}"
            for row in sizes
            if row["category_name"] == name and row["measure"] == measure and row["boxes"]
        ]
        plots.append(
            histogram(
                [{"lower": a, "upper": b, "boxes": n} for (a, b), n in sorted(known.items())],
                lower="lower",
                upper="upper",
                value="boxes",
                title=name,
                description=", ".join(medians),
                percent=measure == "relative_area",
                end=open_end,
            )
        )
    return tuple(plots)
