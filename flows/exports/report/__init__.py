"""The report: a release on one page, from the statistics of its tables and some pictures.

`write_report` takes Arrow tables and pictures, never lake or warehouse. A statistic is drawn as
the header of its query says; landmarks, pairs and pictures have sections in code. The page loads
nothing: plots are SVG, pictures data URIs, the script a few lines.
"""

from flows.exports.report.content import Drawing, ReportContent, ScoredPredictions, Statistic
from flows.exports.report.page import write_report
from flows.exports.report.pairs import mean_pictures
from flows.exports.report.svg import altair

__all__ = [
    "Drawing",
    "ReportContent",
    "ScoredPredictions",
    "Statistic",
    "altair",
    "mean_pictures",
    "write_report",
]
