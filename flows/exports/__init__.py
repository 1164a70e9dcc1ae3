"""Comes in: the warehouse's answers as Arrow, and pictures. Goes out: files in others' formats.

May import `schemas`, `flows.storage`, `flows.release` and `flows.pictures`. Exports never see the
lake: a pipeline hands them readers.
"""

from flows.exports.coco import write_coco
from flows.exports.coco_layout import CocoOptions

__all__ = ["CocoOptions", "write_coco"]
