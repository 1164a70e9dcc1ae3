"""Fashion-MNIST: IDX pictures and labels into the nested batch, pictures as PNG files.

An image_id is the image's index in the file, from 0. Its picture becomes a lossless PNG, so equal
pictures have equal sha256; its item has a category and nothing else. Pictures without a label file
are images that are not annotated; labels without pictures are images with status `missing`. A label
above 9 is a rejected item, and its image stays.
"""

import hashlib
import io

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from flows.decode.batch import Reason, Rejections, single_item_batch
from flows.decode.decoder import Decoded, Decoder, PartInput, require_data
from flows.decode.fashion_mnist.idx import IMAGES, LABELS, SIDE, kind_of, read_idx
from flows.decode.fashion_mnist.layout import arrange, share, stamp
from schemas.annotation import PICTURE
from schemas.categories import CATEGORIES
from schemas.datasets import PART_SIZE
from schemas.errors import InputError

DATASET = "fashion-mnist"
DECODER_VERSION = 1
_CLASSES = CATEGORIES[DATASET]


def decode(part: PartInput) -> Decoded:
    """One part: up to 4,096 images in order, each with its label's item.

    Raises InputError when a file cannot be read or has changed since the parts were arranged.
    """
    number = part.members["part"][0].as_py()
    shares = _shares(part, number)
    _, pixels = shares.get(IMAGES, ("", None))
    document, labels = shares.get(LABELS, (None, None))
    count = len(next(iter(shares.values()))[1])
    image_id = np.arange(count, dtype=np.int64) + number * PART_SIZE
    names = [f"{index:05d}.png" for index in image_id.tolist()]
    is_labelled = labels is not None
    images: dict[str, object] = {
        "dataset": DATASET,
        "split": part.split,
        "image_id": image_id,
        "document": document,
        "file_name": names,
        "annotated": is_labelled,
        "image_status": "missing",
    }
    if pixels is not None:
        images |= _pictures(pixels, names)
    labels = np.full(count, len(_CLASSES), np.uint8) if labels is None else labels
    has_item = labels < len(_CLASSES)
    is_rejected = is_labelled & ~has_item
    rejections = Rejections(DATASET, part.split)
    for index, label in zip(
        image_id[is_rejected].tolist(), labels[is_rejected].tolist(), strict=True
    ):
        message = f"label {index}: {label} is none of 0 to {len(_CLASSES) - 1}"
        reason = Reason("unknown_category", message, str(label))
        rejections.add(document or "", reason, image_id=index, item_no=1)
    labels = labels[has_item]
    items = {
        "place": [f"label {index}" for index in image_id[has_item].tolist()],
        "category_id": labels.astype(np.int16),
        "category_name": [_CLASSES[label].name for label in labels.tolist()],
    }
    return Decoded(
        annotations=single_item_batch(images, has_item, items),
        rejections=rejections.finish(),
        documents_read=count,
        items_read=int(has_item.sum() + is_rejected.sum()),
    )


def _shares(part: PartInput, number: int) -> dict[str, tuple[str, NDArray[np.uint8]]]:
    """The part's records by kind, with the file's name, checked against their stamps."""
    names, part_stamps = (part.members[column].to_pylist() for column in ("name", "stamp"))
    stamps = dict(zip(names, part_stamps, strict=True))
    shares = {}
    for document in part.documents:
        name, data = document.name, require_data(document)
        values = share(read_idx(name, data, first=(number + 1) * PART_SIZE), number)
        if stamp(values) != stamps[name]:
            raise InputError(f"{name} changed while it was ingested; run again")
        shares[kind_of(values)] = name, values
    return shares


def _pictures(pixels: NDArray[np.uint8], names: list[str]) -> dict[str, object]:
    """The columns of images with a picture, PNG bytes included."""
    files = [png(image) for image in pixels]
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


FASHION_MNIST = Decoder(DATASET, DECODER_VERSION, arrange, decode)
