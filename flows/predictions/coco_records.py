"""The records of COCO result files: one type per task, the same for JSON and Parquet.

Fields that tools add, or that belong to another task, are ignored: those that `Record` declares as
raw JSON. A field of any other name is refused.
"""

import re
from typing import Annotated

import msgspec

_ERROR = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Pixels = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Ignored = msgspec.Raw


class Record(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What the records of every task have, and what is ignored in them."""

    image_id: Integer
    category_id: Integer
    score: float
    id: Ignored = msgspec.Raw()
    area: Ignored = msgspec.Raw()
    iscrowd: Ignored = msgspec.Raw()
    num_keypoints: Ignored = msgspec.Raw()
    file_name: Ignored = msgspec.Raw()
    bbox: Ignored = msgspec.Raw()
    keypoints: Ignored = msgspec.Raw()
    segmentation: Ignored = msgspec.Raw()


class BoxRecord(Record, kw_only=True, gc=False):
    """A detected box: x, y, width, height."""

    bbox: list[float]  # type: ignore[assignment]


class LandmarkRecord(Record, kw_only=True, gc=False):
    """Detected landmarks: x, y, v of each."""

    keypoints: list[float]  # type: ignore[assignment]


class RawLandmarkRecord(Record, kw_only=True, gc=False):
    """Detected landmarks whose numbers are not decoded yet."""

    keypoints: msgspec.Raw  # no default: required


class RunLengths(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A mask as runs of pixels, column by column: compressed in a string, or as numbers."""

    size: tuple[Pixels, Pixels]
    counts: str | list[Count]


Segmentation = RunLengths | list[list[float]]


class MaskRecord(Record, kw_only=True, gc=False):
    """A detected mask: run lengths or polygons."""

    segmentation: Segmentation  # type: ignore[assignment]


def path_and_problem(error: msgspec.DecodeError) -> tuple[str, str]:
    """The JSON path in an error below `$`, empty if there is none, and what is wrong."""
    matched = _ERROR.fullmatch(str(error))
    assert matched
    text = matched[1].replace("Number out of range", "is not a finite number")
    return matched[2] or "", text if text.startswith("JSON") else text[:1].lower() + text[1:]
