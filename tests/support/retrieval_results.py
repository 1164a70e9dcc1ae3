"""Records of retrieval: a query and an answer of the truth, and a result for them."""

from collections.abc import Iterable, Sequence
from typing import Any

SKIRT = 9
BOX = (0.0, 0.0, 100.0, 100.0)


def query(
    box: Sequence[float] = BOX,
    style: int = 1,
    cls: int = SKIRT,
    image_id: int = 1,
    **labels: str,
) -> dict[str, Any]:
    """An item of a consumer, as the authors' list of queries has it; `labels` are attributes."""
    return {
        "query_image_id": image_id,
        "bbox": box,
        "style": style,
        "cls": cls,
        "pair_id": 1,
        "labels": labels,
    }


def answer(
    image_id: int = 10, box: Sequence[float] = BOX, style: int = 1, pair_id: int = 1
) -> dict[str, Any]:
    """An item of a shop, as the authors' list of the gallery has it."""
    return {"gallery_image_id": image_id, "bbox": box, "style": style, "pair_id": pair_id}


def result(
    box: Sequence[float] = BOX,
    cls: int = SKIRT,
    score: float = 0.5,
    listed: Iterable[tuple[int, Sequence[float]]] = ((10, BOX),),
    image_id: int = 1,
) -> dict[str, Any]:
    """A record of the authors' result format; `listed` are images and boxes of the gallery."""
    images, boxes = zip(*listed, strict=True)
    return {
        "query_image_id": image_id,
        "query_bbox": list(box),
        "query_cls": cls,
        "query_score": score,
        "gallery_image_id": list(images),
        "gallery_bbox": [list(box) for box in boxes],
    }
