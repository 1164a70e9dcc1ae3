"""FashionAI key points: one CSV row per image with cells x_y_v, into the nested batch.

An image has one item, without a box, in the category that its row names; its landmarks are the
category's points in the order of the header. Visibility 1 means visible and 0 occluded (in
DeepFashion2 1 is occluded). -1_-1_-1 is `unlabelled` without coordinates; x_y_-1 with other numbers
keeps them. An image that is only listed (in test.csv, without an answer) has its item without
landmarks and is not annotated; a picture that no row names has no item. `rows` says what is
rejected, `duplicates` what is compared, `splits` which file belongs to which split.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.batch import Reason, Rejections, landmark_lists, single_item_batch
from flows.decode.decoder import Decoded, Decoder, PartInput, require_data
from flows.decode.fashionai.duplicates import DeduplicatedRows, deduplicate, stamps
from flows.decode.fashionai.layout import arrange
from flows.decode.fashionai.rows import ABSENT, Row, read_rows
from schemas.errors import InputError
from schemas.vocabulary import FASHIONAI_VISIBILITY

DATASET = "fashionai"
DECODER_VERSION = 2


def decode(part: PartInput) -> Decoded:
    """One part: its rows of all tables of the split, and its pictures -> images with their item.

    Images come in the order of image_id. Every rejection is a document's (item_no null). Raises
    InputError when a table cannot be read or has changed since the parts were arranged.
    """
    members = part.members.select(["role", "image_id", "name"]).to_pylist()
    rows = _read_part(part)
    rejections = Rejections(DATASET, part.split)
    for row in rows.rows:
        if row.reason is not None:
            rejections.add(row.table, row.reason, image_id=row.image_id)

    pictures = [member for member in members if member["role"] == "picture"]
    positions = {picture["image_id"]: index for index, picture in enumerate(pictures)}
    image_ids = sorted((rows.images.keys() | positions.keys()) - rows.rejected_ids())
    images = [rows.images.get(image_id) for image_id in image_ids]
    file_names = {
        image_id: row.file_name if row else _path(pictures[positions[image_id]]["name"])
        for image_id, row in zip(image_ids, images, strict=True)
    }
    unexpected = [member for member in members if member["role"] == "unexpected"]
    for member in unexpected:
        name, image_id = member["name"], member["image_id"]
        reason = Reason("unexpected_file_name", "not named <32 hex digits>.jpg")
        if image_id is not None:
            message = f"the image is {file_names.get(image_id, 'refused')}"
            reason = Reason("image_id_clash", message)
        excerpt = name.rpartition("/")[2]
        rejections.add(name, reason._replace(excerpt=excerpt), image_id=image_id)

    columns = {
        "dataset": DATASET,
        "split": part.split,
        "image_id": image_ids,
        "document": [row and row.table for row in images],
        "file_name": [file_names[image_id] for image_id in image_ids],
        "annotated": [row is not None and not row.listed for row in images],
        **_picture_columns(part.pictures, [positions.get(image_id) for image_id in image_ids]),
    }
    has_item = np.array([row is not None for row in images], bool)
    return Decoded(
        annotations=single_item_batch(
            columns, has_item, _item_columns([row for row in images if row is not None])
        ),
        rejections=rejections.finish(),
        documents_read=len(rows.rows) - rows.not_counted + images.count(None) + len(unexpected),
        items_read=len(rows.images),
    )


def _read_part(part: PartInput) -> DeduplicatedRows:
    """The part's rows, checked against the stamps of the arrangement."""
    number = part.members["part"][0].as_py()
    rows: list[Row] = []
    for document in part.documents:
        rows += read_rows(document.name, require_data(document), part=number)
    deduplicated = deduplicate(rows)
    tables = part.members.filter(pc.equal(part.members["role"], "table"))
    read = {table: stamp for (table, _), stamp in stamps(rows).items()}
    for name, stamp in zip(tables["name"].to_pylist(), tables["stamp"].to_pylist(), strict=True):
        if read.get(name) != stamp:
            raise InputError(f"{name} changed while it was ingested; run again")
    return deduplicated


def _path(name: str) -> str:
    """A picture's name from Images/ on, as rows write it."""
    return "/".join(name.split("/")[-3:])


def _picture_columns(pictures: pa.Table, positions: list[int | None]) -> dict[str, object]:
    """The facts of each image's picture; `missing` where an image has none."""
    facts = pictures.combine_chunks().take(pa.array(positions, pa.int64())).drop_columns("name")
    columns: dict[str, object] = dict(zip(facts.column_names, facts.columns, strict=True))
    return columns | {"image_status": pc.fill_null(facts["image_status"], "missing")}


def _item_columns(rows: list[Row]) -> dict[str, object]:
    """The item of each row, its landmarks in the category's order; none for a listed image."""
    points = np.concatenate([np.zeros(0, np.intc), *(row.points for row in rows)]).reshape(-1, 3)
    counts = [len(row.points) // 3 for row in rows]
    categories = [row.category for row in rows if row.category is not None]
    return {
        "place": [f"row {row.number}" for row in rows],
        "category_id": [category.category_id for category in categories],
        "category_name": [category.name for category in categories],
        "landmarks": landmark_lists(points, counts, FASHIONAI_VISIBILITY, ABSENT),
    }


FASHIONAI = Decoder(DATASET, DECODER_VERSION, arrange, decode)
