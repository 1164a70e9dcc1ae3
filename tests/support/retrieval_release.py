"""Releases with the truth of retrieval: files of a split from lists of query and gallery items."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builders import garment, photo
from releases import Files, write_files

SPLIT = {"split": "validation"}


def write_truth(
    folder: Path,
    queries: Sequence[Mapping[str, Any]],
    gallery: Sequence[Mapping[str, Any]],
    images: Mapping[str, Iterable[int]] | None = None,
) -> Files:
    """Files of a release with these items, as the authors' lists have them, in their order.

    `images` are further photos of `user` and `shop`. An item may have more columns of `items` in
    `labels`. The number of each image's items rises against the order of its document.
    """
    photos, items = {}, []
    for source, side, records in (("user", "query", queries), ("shop", "gallery", gallery)):
        counts = Counter(record[f"{side}_image_id"] for record in records)
        seen: Counter[int] = Counter()
        for record in records:
            number = record[f"{side}_image_id"]
            seen[number] += 1
            photos[number] = photo(number, source, record["pair_id"], **SPLIT)
            item_no = counts[number] + 1 - seen[number]
            items.append(
                garment(
                    number,
                    record["style"],
                    item_no,
                    box=record["bbox"],
                    category_id=record.get("cls", 1),
                    document_order=seen[number],
                    **SPLIT,
                    **LABELS | record.get("labels", {}),
                )
            )
        for number in (images or {}).get(source, ()):
            photos.setdefault(number, photo(number, source, 0, **SPLIT))
    return write_files(folder, images=photos.values(), items=items)


LABELS = {
    "scale": "modest",
    "occlusion": "slight",
    "zoom_in": "no_zoom",
    "viewpoint": "frontal",
}
