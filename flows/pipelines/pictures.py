"""Pictures of a release: embedded bytes where it holds them, else the source they came from."""

import warnings
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from flows.exports.drawing.annotated import AnnotatedPicture, annotated_items
from flows.exports.training.rows import ReadPictures
from flows.pictures import PictureError, PictureSource, decode_picture, picture_source
from flows.release import Release, arrow_input
from flows.storage import read_member
from flows.warehouse import Warehouse, read_matching, run_query
from schemas.errors import InputError
from schemas.table import ImageKey

KEY = pa.schema([("dataset", pa.string()), ("split", pa.string()), ("image_id", pa.int64())])
"""The columns that name an image."""


class PictureReader:
    """A picture's bytes by its key: embedded in the release, else from the source."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._sources: dict[tuple[str, str], PictureSource] = {}
        self.missing: str | None = None
        """Why the last picture that could not be read is missing."""

    def read(self, dataset: str, split: str, image_id: int, file_name: str) -> bytes | None:
        """The file's bytes, or None where it is in neither place (a source that moved away)."""
        try:
            return self.load(dataset, split, image_id, file_name)
        except InputError as error:
            self.missing = str(error).rstrip(".")
            return None

    def load(self, dataset: str, split: str, image_id: int, file_name: str) -> bytes:
        """The file's bytes. Raises InputError where it is in neither place."""
        data = self._from_release(dataset, split, image_id)
        if data is not None:
            return data
        key = (dataset, split)
        if key not in self._sources:
            self._sources[key] = picture_source(self._release.manifest.inputs, *key)
        source = self._sources[key]
        try:
            return read_member(source.location, source.member(file_name))
        except OSError as error:
            raise InputError(str(error)) from error

    def picture(
        self, dataset: str, split: str, image_id: int, file_name: str
    ) -> Image.Image | None:
        """The decoded picture, or None where its file is missing or cannot be decoded."""
        data = self.read(dataset, split, image_id, file_name)
        if data is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about odd metadata of pictures that decode
                return decode_picture(data)
        except PictureError as error:
            self.missing = f"{file_name} cannot be decoded: {error}".rstrip(".")
            return None

    def _from_release(self, dataset: str, split: str, image_id: int) -> bytes | None:
        for path in self._release.files("pictures", dataset, split, image_id):
            where = pc.field("image_id") == image_id
            rows = pq.read_table(arrow_input(path), filters=where, partitioning=None)
            if rows.num_rows:
                return rows["image"][0].as_py()["bytes"]
        return None


def split_pictures(
    con: Warehouse, release: Release, dataset: str, split: str, pictures_at: str | None = None
) -> ReadPictures:
    """Reads pictures of a split: from the release where it holds them, else from their source.

    `pictures_at` is the current location of the source, if it moved.
    """
    place = f"/dataset={dataset}/split={split}/"
    embedded = any(place in file.path and file.rows for file in release.manifest.of("pictures"))
    if not embedded or pictures_at is not None:
        source = picture_source(release.manifest.inputs, dataset, split, pictures_at)
        return lambda images: [
            document.data for document in source.read(images["file_name"].to_pylist())
        ]

    def read_embedded(images: pa.Table) -> Iterable[bytes | None]:
        ids = images["image_id"].to_pylist()
        parameters = {
            "dataset": dataset,
            "split": split,
            "first_image_id": ids[0],
            "last_image_id": ids[-1],
        }
        rows = run_query(con, "training_pictures", parameters).to_pylist()
        data = {row["image_id"]: row["data"] for row in rows}
        return map(data.get, ids)

    return read_embedded


def image_keys(rows: pa.Table) -> list[ImageKey]:
    """The dataset, split and image_id of each row."""
    return list(zip(*(rows[name].to_pylist() for name in KEY.names), strict=True))


def annotated_pictures(
    con: Warehouse, reader: PictureReader, keys: list[ImageKey]
) -> list[AnnotatedPicture]:
    """The pictures of these keys with all that is annotated on them, in the order of the keys."""
    selected = pa.Table.from_pylist([dict(zip(KEY.names, key, strict=True)) for key in keys], KEY)
    images, items, landmarks, polygons = (
        read_matching(con, name, selected) for name in ("images", "items", "landmarks", "polygons")
    )
    items_by_image = annotated_items(items, landmarks, polygons)
    rows = dict(zip(image_keys(images), images.to_pylist(), strict=True))
    return [
        _annotated(key, rows[key], reader, items_by_image.get(key, ()))
        for key in keys
        if key in rows
    ]


def _annotated(key: ImageKey, row: dict, reader: PictureReader, items: tuple) -> AnnotatedPicture:
    has_size = row["width"] is not None and row["height"] is not None
    return AnnotatedPicture(
        *key,
        picture=reader.picture(*key, row["file_name"]),
        items=items,
        source=row["source"],
        pair_id=row["pair_id"],
        size=(row["width"], row["height"]) if has_size else None,
    )
