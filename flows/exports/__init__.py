"""Comes in: the warehouse's answers as Arrow, and pictures. Goes out: files in others' formats.

May import `schemas`, `flows.storage`, `flows.release` and `flows.pictures`. Exports never see the
lake: a pipeline hands them readers.
"""

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import write_coco

__all__ = ["CocoOptions", "write_coco"]
