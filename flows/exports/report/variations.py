"""Section on the four labels of DeepFashion2, with the shares that its paper gives."""

from flows.exports.report.blocks import Block, grid
from flows.exports.report.content import ReportContent, Section
from flows.exports.report.plots import plot_block
from flows.exports.report.statistics import statistic_section

PAPER_SHARES = {
    "scale": {"small": 0.26, "modest": 0.50, "large": 0.24},
    "occlusion": {"slight": 0.47, "medium": 0.47, "heavy": 0.06},
    "zoom_in": {"no_zoom": 0.67, "medium": 0.21, "large": 0.12},
    "viewpoint": {"no_wear": 0.07, "frontal": 0.78, "side_or_back": 0.15},
}
"""Figure 3 of the paper; side and back added up."""


def variations(content: ReportContent, chapter: str, dataset: str) -> Section | None:
    """The labels of all items next to the paper's shares, then by category."""
    plots: list[Block] = []
    for variation, shares in PAPER_SHARES.items():
        rows = [
            {**row, "paper": shares[row["label"]]}
            for label in shares
            for row in content.rows("variations", dataset)
            if (row["variation"], row["label"]) == (variation, label) and not row["category_id"]
        ]
        if rows:
            channels = {"x": "share", "y": "label", "color": "split"}
            title = f"{variation}: splits of this release, marks: the paper"
            plots.append(
                plot_block("bar", rows, channels, title=title, marks="paper", percent=True)
            )
    return statistic_section(content, chapter, "variations", dataset, before=[grid(plots)])
