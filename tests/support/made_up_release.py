"""A release made up with numpy, of any size: Parquet files shaped like the real data, no ingest.

Not a source: documents, pictures and outlines are no garments. For questions and their benchmark.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.warehouse import open_warehouse, queries, run_query
from schemas import TABLES
from schemas.categories import CATEGORIES
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import NEGATIVE_KINDS, OCCLUSIONS, SCALES, VIEWPOINTS, VISIBILITY, ZOOMS

Files = dict[str, list[Path]]
Array = np.ndarray[Any, Any]

# Items per category of the released training set, in hundreds.
_SHARES = np.array([72, 36, 1, 13, 16, 2, 37, 55, 31, 17, 8, 18, 6]) / 312


class MadeUpPart:
    """Some images of one DeepFashion2 split: runs of a pair_id, consumers' pictures first."""

    def __init__(self, rng: np.random.Generator, first: int, images: int) -> None:
        self.rng = rng
        self.image_id = np.arange(first, first + images)
        self.user = self.image_id % 13 < 4
        self.width = rng.choice([468, 640, 750, 1080], images)
        self.height = rng.choice([624, 750, 960, 1440], images)
        per_image = rng.choice([1, 2, 3], images, p=[0.42, 0.527, 0.053])
        self.owner = np.repeat(np.arange(images), per_image)
        self.item_no = _numbered(per_image)
        items = len(self.owner)
        self.category = rng.choice(np.arange(1, 14), items, p=_SHARES)
        width, height = self.width[self.owner], self.height[self.owner]
        # A few boxes pass the right edge by a pixel or two.
        self.box = (
            np.floor(rng.random(items) * width * 0.4),
            np.floor(rng.random(items) * height * 0.4),
            np.floor(width * (0.6 + 0.4 * rng.random(items)))
            + rng.choice([0, 2], items, p=[0.99, 0.01]),
            np.floor(height * (0.6 + 0.4 * rng.random(items))),
        )
        # Few have no width: nothing in the source forbids it.
        self.box[2][:] = np.where(rng.random(items) < 0.02, self.box[0], self.box[2])
        landmarks = np.array([one.landmarks for one in CATEGORIES["deepfashion2"]])
        self.landmarks = landmarks[self.category - 1]
        self.visibility = rng.choice(3, self.landmarks.sum(), p=[0.6, 0.25, 0.15])
        self.polygons = rng.choice([1, 2, 3, 4, 5], items, p=[0.3, 0.2, 0.3, 0.15, 0.05])

    def tables(self) -> dict[str, pa.Table]:
        """The four tables of the part, as the files hold them."""
        return {
            "images": self._images(),
            "items": self._items(),
            "landmarks": self._landmarks(),
            "polygons": self._polygons(),
        }

    def _images(self) -> pa.Table:
        images, rng = len(self.image_id), self.rng
        return _as_file("images", {
            "image_id": self.image_id,
            "file_name": [f"{number:06d}.jpg" for number in self.image_id],
            "annotated": np.ones(images, bool),
            "width": self.width,
            "height": self.height,
            "byte_size": rng.integers(20_000, 200_000, images),
            "image_status": _drawn(rng, ("ok", "missing"), [0.99, 0.01], images),
            "source": np.where(self.user, "user", "shop"),
            "pair_id": self.image_id // 13 + 1,
        })  # fmt: skip

    def _items(self) -> pa.Table:
        items, rng = len(self.owner), self.rng
        owner = np.repeat(np.arange(items), self.landmarks)
        names = pa.array([one.name for one in CATEGORIES["deepfashion2"]])
        return _as_file("items", {
            "image_id": self.image_id[self.owner],
            "item_no": self.item_no,
            "category_id": self.category,
            "category_name": names.take(pa.array(self.category - 1)),
            "style": rng.choice(6, items, p=[0.25, 0.35, 0.2, 0.1, 0.06, 0.04]),
            **dict(zip(("x1", "y1", "x2", "y2"), self.box, strict=True)),
            "scale": _drawn(rng, SCALES, [0.26, 0.5, 0.24], items),
            "occlusion": _drawn(rng, OCCLUSIONS, [0.47, 0.47, 0.06], items),
            "zoom_in": _drawn(rng, ZOOMS, [0.67, 0.21, 0.12], items),
            "viewpoint": _drawn(rng, VIEWPOINTS, [0.07, 0.78, 0.15], items),
            "landmarks_visible": np.bincount(owner[self.visibility == 0], minlength=items),
            "landmarks_occluded": np.bincount(owner[self.visibility == 1], minlength=items),
            "polygon_count": self.polygons,
            "document_order": self.item_no,
        })  # fmt: skip

    def _landmarks(self) -> pa.Table:
        rng, owner = self.rng, np.repeat(np.arange(len(self.owner)), self.landmarks)
        x1, y1, x2, y2 = (edge[owner] for edge in self.box)
        absent = self.visibility == 2
        return _as_file("landmarks", {
            "image_id": self.image_id[self.owner][owner],
            "item_no": self.item_no[owner],
            "landmark_no": _numbered(self.landmarks),
            "x": pa.array(np.floor(x1 + rng.random(len(owner)) * (x2 - x1)), mask=absent),
            "y": pa.array(np.floor(y1 + rng.random(len(owner)) * (y2 - y1)), mask=absent),
            "visibility": pa.array(VISIBILITY).take(pa.array(self.visibility)),
        })  # fmt: skip

    def _polygons(self) -> pa.Table:
        rng, owner = self.rng, np.repeat(np.arange(len(self.owner)), self.polygons)
        number = _numbered(self.polygons)
        outline = rng.integers(18, 40, len(number))
        points = np.where(number == 1, outline, rng.integers(5, 15, len(number)))
        offsets = np.concatenate([[0], np.cumsum(2 * points)])
        each = np.repeat(owner, 2 * points)
        across = np.arange(offsets[-1]) % 2 == 0  # x, y, x, y: every list has an even length
        x1, y1, x2, y2 = (edge[each] for edge in self.box)
        low, high = np.where(across, x1, y1), np.where(across, x2, y2)
        values = np.round(low + rng.random(len(each)) * (high - low), 2)
        closed = rng.random(len(number)) < 0.95
        first, last = offsets[:-1][closed], offsets[1:][closed]
        values[last - 2], values[last - 1] = values[first], values[first + 1]
        return _as_file("polygons", {
            "image_id": self.image_id[self.owner][owner],
            "item_no": self.item_no[owner],
            "polygon_no": number,
            "points": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values)),
            "point_count": points,
            "closed": closed,
            "area": np.round(rng.random(len(number)) * 50_000, 2),
        })  # fmt: skip


def made_up_fashionai(rng: np.random.Generator, images: int) -> dict[str, pa.Table]:
    """A FashionAI split: one item an image, named key points, no boxes, no polygons."""
    chosen = rng.integers(0, 5, images)
    categories = CATEGORIES["fashionai"]
    counts = np.array([one.landmarks for one in categories])[chosen]
    owner = np.repeat(np.arange(images), counts)
    visibility = rng.choice(3, len(owner), p=[0.6, 0.2, 0.2])
    image_id = np.arange(images) * 1_000_003 + 17
    names = [name for number in chosen for name in categories[number].landmark_names]
    place = {"image_id": image_id, "item_no": np.ones(images)}
    return {
        "images": _as_file("images", {
            "image_id": image_id,
            "file_name": [f"Images/{number:032x}.jpg" for number in image_id],
            "annotated": np.ones(images, bool),
            "width": rng.choice([512, 384], images),
            "height": np.full(images, 512),
            "image_status": _drawn(rng, ("ok", "missing"), [0.9, 0.1], images),
        }),
        "items": _as_file("items", place | {
            "category_id": chosen + 1,
            "category_name": [categories[number].name for number in chosen],
            "landmarks_visible": np.bincount(owner[visibility == 0], minlength=images),
            "landmarks_occluded": np.bincount(owner[visibility == 1], minlength=images),
            "polygon_count": np.zeros(images),
            "document_order": np.ones(images),
        }),
        "landmarks": _as_file("landmarks", {
            "image_id": image_id[owner],
            "item_no": np.ones(len(owner)),
            "landmark_no": _numbered(counts),
            "landmark_name": names,
            "x": pa.array(rng.integers(0, 385, len(owner)).astype(float), mask=visibility == 2),
            "y": pa.array(rng.integers(0, 513, len(owner)).astype(float), mask=visibility == 2),
            "visibility": pa.array(VISIBILITY).take(pa.array(visibility)),
        }),
    }  # fmt: skip


def write_release(
    folder: Path, images: Mapping[str, int], *, fashionai: int = 0, part: int = 4096
) -> Files:
    """The files of a release with so many DeepFashion2 images per split, pairs and statistics."""
    rng = np.random.default_rng(0)
    files: Files = {}
    for split, last in images.items():
        for number, first in enumerate(range(1, last + 1, part)):
            made = MadeUpPart(rng, first, min(part, last + 1 - first))
            for name, rows in made.tables().items():
                _write(files, folder, f"{name}/dataset=deepfashion2/split={split}", number, rows)
    if fashionai:
        for name, rows in made_up_fashionai(rng, fashionai).items():
            _write(files, folder, f"{name}/dataset=fashionai/split=train", 0, rows)
    for name, rows in (("categories", category_rows()), ("landmark_types", landmark_type_rows())):
        _write(files, folder, name, 0, rows)
    write_pairs(folder, files, ["positive_pairs"])
    for one in queries("statistics"):
        path = folder / "statistics" / f"{one.name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(run_query(open_warehouse(files), one.name), path)
        files[f"statistics/{one.name}"] = [path]
    return files


def write_pairs(folder: Path, files: Files, kinds: Sequence[str], table: str = "pairs") -> None:
    """Pairs of those kinds, or triplets, as partitioned files of a table."""
    con = open_warehouse(files)
    for number, kind in enumerate(kinds, start=len(files.get(table, []))):
        name = "negative_pairs" if kind in NEGATIVE_KINDS else kind
        rows = run_query(con, name, {"pair_kind": kind} if name != kind else None)
        for split in pc.unique(rows["split"]).to_pylist():
            chosen = rows.filter(pc.equal(rows["split"], split))
            chosen = chosen.select(TABLES[table].file_schema.names)
            _write(files, folder, f"{table}/dataset=deepfashion2/split={split}", number, chosen)


def _write(files: Files, folder: Path, place: str, number: int, rows: pa.Table) -> None:
    path = folder / place / f"part-{number:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="zstd")
    files.setdefault(place.split("/")[0], []).append(path)


def _as_file(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """Columns as the declared file schema; what is not given is null."""
    size = len(columns["image_id"])
    arrays = []
    for field in TABLES[name].file_schema:
        given = columns.get(field.name)
        column = pa.nulls(size) if given is None else given
        column = column if isinstance(column, pa.Array) else pa.array(column)
        arrays.append(column.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=TABLES[name].file_schema)


def _drawn(
    rng: np.random.Generator, choices: tuple[str, ...], weights: list[float], size: int
) -> pa.Array:
    return pa.array(choices).take(pa.array(rng.choice(len(choices), size, p=weights)))


def _numbered(counts: Array) -> Array:
    """1..n for each of `counts`, one after the other."""
    return np.concatenate([np.arange(1, count + 1) for count in counts])
