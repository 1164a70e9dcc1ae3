"""The smallest inputs: raw documents, nested batches and rows of tables, with one thing in view."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Decoded, PartInput
from flows.decode.deepfashion2 import DEEPFASHION2
from flows.flatten import flatten
from flows.lake.part_members import in_order
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.categories import CATEGORIES, category
from schemas.source import MEMBERS, PICTURE_FACTS, Document

TRIANGLE = [10, 10, 90, 10, 50, 80, 10, 10]

Row = Mapping[str, Any]
Documents = dict[int, dict[str, Any]]
"""DeepFashion2 documents by image number, each with `width` and `height` of its picture."""

PLAIN: dict[str, Any] = {
    "dataset": "deepfashion2",
    "split": "train",
    "image_id": 1,
    "item_no": 1,
    "file_name": "000001.jpg",
    "annotated": True,
    "image_status": "ok",
    "category_id": 9,
    "category_name": "skirt",
    "document_order": 1,
    "visibility": "visible",
    "closed": True,
    "list_file": "lists.json",
    "image": {"bytes": b"", "path": ""},
}


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
    arrangement = DEEPFASHION2.arrange([members(*files, *facts)], None, never_read)
    arranged = in_order(pa.concat_tables(arrangement.members))
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


def rows(table: str, *given: Row) -> pa.Table:
    """Rows of a declared table; columns left out are null where allowed, else plain, empty or 0."""
    schema = TABLES[table].schema
    plain = {field.name: _plain(field) for field in schema}
    return pa.Table.from_pylist([plain | dict(row) for row in given], schema=schema)


def _plain(field: pa.Field) -> Any:
    if field.nullable:
        return None
    if pa.types.is_list(field.type):
        return []
    return PLAIN.get(field.name, "" if pa.types.is_string(field.type) else 0)


def photo(image_id: int, source: str, pair_id: int, **more: Any) -> Row:
    """An images row."""
    name = f"{image_id:06d}.jpg"
    return {"image_id": image_id, "source": source, "pair_id": pair_id, "file_name": name} | more


def garment(
    image_id: int, style: int | None, item_no: int = 1, box: tuple = (), **more: Any
) -> Row:
    """An items row, with a box of (x1, y1, x2, y2) where one is given."""
    edges = dict(zip(("x1", "y1", "x2", "y2"), map(float, box), strict=bool(box)))
    return {"image_id": image_id, "item_no": item_no, "style": style} | edges | more


def made_up_documents(seed: int, images: int = 5, *, pair_ids: int = 3) -> Documents:
    """Documents as the source writes them: item keys in any order, polygons of ints or floats."""
    rng = random.Random(seed)
    documents = {}
    for number in range(1, images + 1):
        width, height = rng.randint(100, 900), rng.randint(100, 900)
        count = rng.choice((0, 1, 1, 2, 3)) if number > 1 else 2
        keys = rng.sample(range(1, count + 2), count)
        document = {f"item{key}": _made_up_item(rng, width, height) for key in keys}
        documents[number] = document | {
            "source": rng.choice(("user", "shop")),
            "pair_id": rng.randint(1, pair_ids),
            "width": width,
            "height": height,
        }
    return documents


def _made_up_item(rng: random.Random, width: int, height: int) -> dict[str, Any]:
    category = rng.choice(CATEGORIES["deepfashion2"])
    landmarks: list[int] = []
    for _ in range(category.landmarks):
        visibility = rng.choice((0, 1, 2, 2))
        point = [rng.randint(0, width), rng.randint(0, height)] if visibility else [0, 0]
        landmarks += [*point, visibility]
    whole = rng.random() < 0.5
    polygons = []
    for _ in range(rng.randint(0, 3)):
        points = [rng.uniform(0, 500) for _ in range(2 * rng.randint(3, 9))]
        polygons.append([round(point) if whole else round(point, 2) for point in points])
    x1, y1 = rng.randint(0, width - 2), rng.randint(0, height - 2)
    return {
        "segmentation": polygons,
        "scale": rng.randint(1, 3),
        "viewpoint": rng.randint(1, 3),
        "zoom_in": rng.randint(1, 3),
        "landmarks": landmarks,
        "style": rng.randint(0, 3),
        "bounding_box": [x1, y1, rng.randint(x1 + 1, width), rng.randint(y1 + 1, height)],
        "category_id": category.category_id,
        "occlusion": rng.randint(1, 3),
        "category_name": category.name,
    }


def items_of(document: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The items of a document with their numbers, in the order of its keys."""
    return [(int(key[4:]), item) for key, item in document.items() if key.startswith("item")]


def tables_of(documents: Documents, split: str = "train") -> dict[str, pa.Table]:
    """Decode and flatten documents; without `source` there is only the picture, without `width`
    only the document. Rows come in the order of their keys, as the lake keeps them."""
    files, pictures = {}, {}
    for number, document in documents.items():
        raw = {name: value for name, value in document.items() if name not in ("width", "height")}
        if raw["source"]:
            files[f"{split}/annos/{number:06}.json"] = json.dumps(raw).encode()
        if document["width"]:
            size = {"width": document["width"], "height": document["height"], "format": "jpeg"}
            pictures[f"{split}/image/{number:06}.jpg"] = size
    part = decoded(files, pictures)
    assert not part.rejections.to_pylist()
    tables = {
        name: pa.Table.from_batches([batch]) for name, batch in flatten(part.annotations).items()
    }
    return {
        name: table.sort_by([(column, "ascending") for column in TABLES[name].key])
        for name, table in tables.items()
    }
