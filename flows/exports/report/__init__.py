"""A release on one page: `write_report` takes Arrow tables and pictures, never lake or warehouse.

The page needs nothing from outside: plots are SVG, pictures data URIs, the script a few lines.
"""

from flows.exports.report.content import ReleaseFacts, ReportContent
from flows.exports.report.images import mean_pictures
from flows.exports.report.page import write_report
from flows.exports.report.plots import require_plots

__all__ = ["ReleaseFacts", "ReportContent", "mean_pictures", "require_plots", "write_report"]
