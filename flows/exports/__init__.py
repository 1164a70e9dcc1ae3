"""Exports: a release in formats of other programs, from Arrow tables and pictures.

`coco` and `lists` write JSON, `training` Parquet with pictures inside, `report` an HTML page,
`drawing` annotated pictures. May import `schemas`, `flows.storage`, `flows.release` and
`flows.pictures`; pipelines pass the rows, exports never read the lake.
"""

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import write_coco

__all__ = ["CocoOptions", "write_coco"]
