"""The smallest inputs: raw documents and nested batches, with one thing in view."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Decoded, PartInput
from flows.decode.deepfashion2 import DEEPFASHION2
from schemas.annotation import ANNOTATION
from schemas.categories import category
from schemas.source import MEMBERS, PICTURE_FACTS, Document

TRIANGLE = [10, 10, 90, 10, 50, 80, 10, 10]


def raw_item(category_id: int = 9, **changes: Any) -> dict[str, Any]:
    """An item as DeepFashion2 writes it, a skirt with all landmarks visible; None drops a key."""
    known = category("deepfashion2", category_id)
    item = {
        "segmentation": [TRIANGLE],
        "scale": 2,
        "viewpoint": 2,
        "zoom_in": 1,
        "landmarks": [10, 20, 2] * known.landmarks,
        "style": 1,
        "bounding_box": [10, 10, 90, 80],
        "category_id": category_id,
        "occlusion": 1,
        "category_name": known.name,
    }
    return {key: value for key, value in (item | changes).items() if value is not None}


def raw_document(*items: Mapping[str, Any], source: str = "user", pair_id: int = 1) -> bytes:
    """A document with those items numbered from 1."""
    numbered = {f"item{number}": item for number, item in enumerate(items, start=1)}
    return json.dumps({"source": source, "pair_id": pair_id, **numbered}).encode()


def members(*names: str) -> pa.Table:
    """A listing of those names."""
    rows = [{"name": name, "size": 1, "stamp": "0"} for name in sorted(names)]
    return pa.Table.from_pylist(rows, schema=MEMBERS)


def never_read(name: str) -> bytes:
    """The `read` of an arrangement that must not open anything."""
    raise AssertionError(f"{name} was opened while arranging")


def decoded(
    files: Mapping[str, bytes | Document],
    pictures: Mapping[str, Mapping[str, Any]] | None = None,
    part: int = 0,
) -> Decoded:
    """Arrange files of one split and decode one part: bytes by member name, facts by picture."""
    facts = {
        name: {"name": name, "image_status": "ok", **row} for name, row in (pictures or {}).items()
    }
    arranged = DEEPFASHION2.arrange(members(*files, *facts), None, never_read).members
    (split,) = arranged["split"].unique().to_pylist()
    arranged = arranged.filter(pc.equal(arranged["part"], part))
    documents, rows = [], []
    for row in arranged.to_pylist():
        if row["role"] == "picture":
            rows.append(facts[row["name"]])
        elif row["role"] in ("document", "side"):
            content = files[row["name"]]
            documents.append(
                content if isinstance(content, Document) else Document(row["name"], content)
            )
    table = pa.Table.from_pylist(rows, schema=PICTURE_FACTS)
    return DEEPFASHION2.decode(PartInput(split, arranged, documents, table))


def decoded_documents(*documents: bytes) -> Decoded:
    """Decode documents as train images 1, 2, 3, ..."""
    return decoded(
        {f"train/annos/{number:06}.json": data for number, data in enumerate(documents, start=1)}
    )


def item(item_no: int = 1, **changes: Any) -> dict[str, Any]:
    """An item of a nested batch: a skirt with eight visible landmarks and one triangle."""
    return {
        "item_no": item_no,
        "document_order": item_no,
        "place": f"$.item{item_no}",
        "category_id": 9,
        "category_name": "skirt",
        "style": 1,
        "x1": 10.0,
        "y1": 10.0,
        "x2": 90.0,
        "y2": 80.0,
        "scale": "modest",
        "occlusion": "slight",
        "zoom_in": "no_zoom",
        "viewpoint": "frontal",
        "landmarks": [landmark() for _ in range(8)],
        "polygons": [[float(number) for number in TRIANGLE]],
    } | changes


def landmark(
    x: float | None = 10.0, y: float | None = 20.0, visibility: str | None = "visible"
) -> dict[str, Any]:
    """One landmark in the tables' words."""
    return {"x": x, "y": y, "visibility": visibility}


def annotations(*images: list[dict[str, Any]], **columns: Any) -> pa.RecordBatch:
    """A nested batch: one train image per list of items; `columns` replace what all of them say."""
    rows = [
        {
            "dataset": "deepfashion2",
            "split": "train",
            "image_id": image_id,
            "document": f"train/annos/{image_id:06}.json",
            "file_name": f"{image_id:06}.jpg",
            "annotated": True,
            "image_status": "ok",
            "source": "user",
            "pair_id": 1,
            "items": items,
            **columns,
        }
        for image_id, items in enumerate(images, start=1)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=ANNOTATION)
