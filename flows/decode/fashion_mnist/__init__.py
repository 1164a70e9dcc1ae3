"""Fashion-MNIST: IDX pictures and labels into the nested batch, pictures as PNG files.

An image is its place in the file, from 0. Its picture is stored as a PNG without loss, whose
sha256 is therefore equal for equal pictures; its item has a category and nothing else. Pictures
without a label file are images that are not annotated; labels without pictures are images whose
status is `missing`. A label above 9 is a refused item, and its picture stays.
"""

import hashlib
import io

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from flows.decode.decoder import Decoded, Decoder, PartInput
from flows.decode.fashion_mnist.idx import IMAGES, LABELS, SIDE, kind_of, read_idx
from flows.decode.fashion_mnist.layout import (
    PART_SIZE,
    SPLITS,
    arrange,
    picture_path,
    share,
    stamp,
)
from flows.decode.single_item import nested_batch
from schemas.annotation import PICTURE
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.rejections import REJECTIONS

DATASET = "fashion-mnist"
DECODER_VERSION = 1
_CLASSES = CATEGORIES[DATASET]


def decode(part: PartInput) -> Decoded:
    """One part: up to 4,096 images in order, each with its label's item.

    Raises InputError when a file cannot be read or is not what it was when it was arranged.
    """
    number = part.members["part"][0].as_py()
    shares = _shares(part, number)
    _, pixels = shares.get(IMAGES, ("", None))
    document, labels = shares.get(LABELS, (None, None))
    count = len(next(iter(shares.values()))[1])
    image_id = np.arange(count, dtype=np.int64) + number * PART_SIZE
    names = [f"{index:05d}.png" for index in image_id.tolist()]
    images: dict[str, object] = {
        "dataset": DATASET,
        "split": part.split,
        "image_id": image_id,
        "document": document,
        "file_name": names,
        "annotated": labels is not None,
        "image_status": "missing",
    }
    if pixels is not None:
        images |= _pictures(pixels, names)
    if labels is None:
        has_item = unknown = np.zeros(count, dtype=bool)
        labels = np.zeros(count, dtype=np.uint8)
    else:
        has_item = labels < len(_CLASSES)
        unknown = ~has_item
    items = {
        "place": [f"label {index}" for index in image_id[has_item].tolist()],
        "category_id": labels[has_item].astype(np.int16),
        "category_name": pa.array([one.name for one in _CLASSES]).take(pa.array(labels[has_item])),
    }
    return Decoded(
        annotations=nested_batch(images, has_item, items),
        rejections=_rejections(part.split, document, image_id[unknown], labels[unknown]),
        documents_read=count,
        items_read=int(has_item.sum() + unknown.sum()),
    )


def _shares(part: PartInput, number: int) -> dict[str, tuple[str, NDArray[np.uint8]]]:
    """The part's records by kind, with the file's name, checked against their stamps."""
    wanted = part.members
    stamps = dict(zip(wanted["name"].to_pylist(), wanted["stamp"].to_pylist(), strict=True))
    shares = {}
    for one in part.documents:
        if one.data is None:
            raise InputError(f"{one.name} cannot be read: {one.message}; run again when it can")
        values = share(read_idx(one.name, one.data, first=(number + 1) * PART_SIZE), number)
        if stamp(values) != stamps[one.name]:
            raise InputError(f"{one.name} changed while it was ingested; run again")
        shares[kind_of(values)] = one.name, values
    return shares


def _pictures(pixels: NDArray[np.uint8], names: list[str]) -> dict[str, object]:
    """The columns of images that are there, PNG bytes included."""
    files = [png(one) for one in pixels]
    return {
        "width": SIDE,
        "height": SIDE,
        "format": "png",
        "byte_size": [len(file) for file in files],
        "sha256": [hashlib.sha256(file).hexdigest() for file in files],
        "image_status": "ok",
        "picture": pa.StructArray.from_arrays(
            [pa.array(files, pa.binary()), pa.array(names)], fields=list(PICTURE)
        ),
    }


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A grey picture as a PNG file; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _rejections(
    split: str, document: str | None, image_id: NDArray[np.int64], labels: NDArray[np.uint8]
) -> pa.RecordBatch:
    rows = [
        {
            "dataset": DATASET,
            "split": split,
            "file_name": document,
            "image_id": index,
            "item_no": 1,
            "rule": "unknown_category",
            "message": f"label {index}: {label} is none of 0 to {len(_CLASSES) - 1}",
            "excerpt": str(label),
        }
        for index, label in zip(image_id.tolist(), labels.tolist(), strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTIONS.schema)


FASHION_MNIST = Decoder(DATASET, DECODER_VERSION, SPLITS, arrange, decode, picture_path)
