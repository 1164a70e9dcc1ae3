"""FashionAI key points: one CSV row per image, cells x_y_v, into the nested batch.

What the tables say of the source's quirks: an image has one item, without a box, in the category
the row names; its landmarks are the category's own points in the order of the header. Visibility 1
means visible here and 0 occluded (in DeepFashion2 1 is occluded). -1_-1_-1 is `unlabelled` without
coordinates; x_y_-1 with other numbers keeps them. An image that only a list names (test.csv before
its answers, and the row its answers lost) has its item without landmarks and is not annotated; a
picture no row names has no item. See fashionai_rows, fashionai_images and fashionai_layout for
what is refused, what is compared and what belongs to which set.
"""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import Decoded, Decoder, PartInput
from flows.decode.fashionai.images import Settled, settle, stamps
from flows.decode.fashionai.layout import arrange, picture_path
from flows.decode.fashionai.rows import ABSENT, OWN, concat, read_rows
from flows.decode.fashionai.sets import SPLITS
from flows.decode.nested_lists import lists_of
from flows.decode.single_item import nested_batch, no_lists
from schemas.annotation import ITEM, LANDMARK
from schemas.categories import CATEGORIES
from schemas.errors import InputError
from schemas.rejections import REJECTIONS
from schemas.source import ARRANGED
from schemas.vocabulary import FASHIONAI_VISIBILITY

DATASET = "fashionai"
DECODER_VERSION = 1
EXCERPT = 200


def decode(part: PartInput) -> Decoded:
    """One part: its lines of all tables of the split, and its pictures -> images with their item.

    Rows come in the order of image_id. Every refusal is a document's (item_no null). Raises
    InputError when a table cannot be read or is not what it was when the parts were laid out.
    """
    members = part.members.select(ARRANGED.names)
    settled = _read(part, members)
    lines = settled.rows.frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
    kept = lines.filter(pl.Series(settled.kept, dtype=pl.Boolean))
    pictures = _pictures(part, members).filter(~pl.col("image_id").is_in(settled.lost.implode()))
    images = kept.join(pictures, on="image_id", how="full", coalesce=True).sort("image_id")
    refusals = pl.concat([_refused_lines(lines), _refused_files(members, images)])
    annotations = _batch(part, images, settled)
    alone = int(images["at"].null_count())
    return Decoded(
        annotations=annotations,
        rejections=_rejections(part.split, refusals),
        documents_read=len(lines) - int(settled.absorbed.sum()) + alone + _unexpected(members),
        items_read=len(kept),
    )


def _read(part: PartInput, members: pa.Table) -> Settled:
    """The part's lines, checked against the stamps of the arrangement."""
    number = members["part"][0].as_py()
    documents = list(part.documents)
    for one in documents:
        if one.data is None:
            raise InputError(f"{one.name} cannot be read: {one.message}; run again when it can")
    tables = [read_rows(one.name, one.data, part=number) for one in documents if one.data]
    settled = settle(concat(tables))
    wanted = members.filter(pc.equal(members["role"], "table"))
    stamped = dict(zip(wanted["name"].to_pylist(), wanted["stamp"].to_pylist(), strict=True))
    found = {table: stamp for (table, _), stamp in stamps(settled).items()}
    changed = [name for name in stamped if found.get(name) != stamped[name]]
    if changed:
        raise InputError(f"{changed[0]} changed while it was ingested; run again")
    return settled


def _pictures(part: PartInput, members: pa.Table) -> pl.DataFrame:
    """Places in part.pictures by image_id, and the path of the file from Images/ on."""
    rows = members.filter(pc.equal(members["role"], "picture"))
    frame = pl.DataFrame(pl.from_arrow(rows.select(["image_id", "name"])))
    path = pl.col("name").str.extract(r"(?:^|/)(Images/[^/]+/[^/]+)$", 1)
    return frame.select(
        "image_id",
        path.alias("path"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("picture"),
    )


def _batch(part: PartInput, images: pl.DataFrame, settled: Settled) -> pa.RecordBatch:
    """Images in order, their item and its landmarks in the nested batch."""
    facts = part.pictures.combine_chunks().take(_arrow(images["picture"]))
    columns: dict[str, object] = {
        name: facts[name]
        for name in ("width", "height", "orientation", "format", "byte_size", "sha256", "picture")
    }
    columns |= {
        "dataset": DATASET,
        "split": part.split,
        "image_id": _arrow(images["image_id"]),
        "document": _arrow(images["table"]),
        "file_name": _arrow(images.select(pl.coalesce("file_name", "path")).to_series()),
        "annotated": _arrow(~images["listed"].fill_null(True)),
        "image_status": pc.fill_null(facts["image_status"], "missing"),
    }
    has_item = images["at"].is_not_null().to_numpy()
    lines = images.filter(pl.col("at").is_not_null())
    ids = pa.array([one.category_id for one in CATEGORIES[DATASET]])
    names = pa.array([one.name for one in CATEGORIES[DATASET]])
    category = _arrow(lines["category"])
    return nested_batch(
        columns,
        has_item,
        {
            "place": pc.binary_join_element_wise("row", _arrow(lines["row"].cast(pl.String)), " "),
            "category_id": ids.take(category),
            "category_name": names.take(category),
            "landmarks": _landmarks(lines, settled),
            "polygons": no_lists(len(lines)),
        },
    )


def _landmarks(lines: pl.DataFrame, settled: Settled) -> pa.ListArray:
    """The category's own points of each line in order; none where the line is a list's."""
    own = OWN[lines["category"].to_numpy()] & ~lines["listed"].to_numpy()[:, None]
    points = settled.rows.points[lines["at"].to_numpy()][own]
    x, y, code = points[:, 0], points[:, 1], points[:, 2]
    nowhere = (points == ABSENT).all(axis=1)
    words = pa.array([FASHIONAI_VISIBILITY[one] for one in (-1, 0, 1)])
    structs = pa.StructArray.from_arrays(
        [
            pa.array(x.astype(np.float64), mask=nowhere),
            pa.array(y.astype(np.float64), mask=nowhere),
            words.take(pa.array(code + 1)),
        ],
        fields=list(LANDMARK),
    )
    return lists_of(own.sum(axis=1).astype(np.int32), structs, ITEM.field("landmarks").type)


_REFUSAL = ("file_name", "image_id", "rule", "message", "excerpt")


def _refused_lines(lines: pl.DataFrame) -> pl.DataFrame:
    refused = lines.filter(pl.col("rule").is_not_null())
    return refused.with_columns(pl.col("table").alias("file_name")).select(_REFUSAL)


def _refused_files(members: pa.Table, images: pl.DataFrame) -> pl.DataFrame:
    """Files under Images/ that are no picture of this part."""
    rows = members.filter(pc.equal(members["role"], "unexpected"))
    frame = pl.DataFrame(pl.from_arrow(rows.select(["image_id", "name"])))
    taken = images.select("image_id", pl.coalesce("file_name", "path").alias("other"))
    frame = frame.join(taken, on="image_id", how="left", maintain_order="left")
    clash = pl.col("image_id").is_not_null()
    return frame.select(
        pl.col("name").alias("file_name"),
        "image_id",
        pl.when(clash)
        .then(pl.lit("image_id_clash"))
        .otherwise(pl.lit("unexpected_file_name"))
        .alias("rule"),
        pl.when(clash)
        .then(pl.format("the image is {}", pl.col("other").fill_null("refused")))
        .otherwise(pl.lit("not named <32 hex digits>.jpg"))
        .alias("message"),
        pl.col("name").str.split("/").list.last().alias("excerpt"),
    )


def _unexpected(members: pa.Table) -> int:
    return int(pc.sum(pc.equal(members["role"], "unexpected")).as_py() or 0)


def _rejections(split: str, refusals: pl.DataFrame) -> pa.RecordBatch:
    columns = {name: _arrow(refusals[name]) for name in _REFUSAL}
    columns["excerpt"] = pc.utf8_slice_codeunits(columns["excerpt"], 0, EXCERPT)
    count = len(refusals)
    columns |= {
        "dataset": pa.repeat(DATASET, count),
        "split": pa.repeat(split, count),
        "item_no": pa.nulls(count, pa.int16()),
    }
    schema = REJECTIONS.schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _arrow(series: pl.Series) -> pa.Array:
    """A Polars column as plain Arrow: string instead of its own string views."""
    return series.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_PLAIN.get(series.dtype))


_PLAIN = {
    pl.String(): pa.string(),
    pl.Int64(): pa.int64(),
    pl.Int8(): pa.int8(),
    pl.Boolean(): pa.bool_(),
}

FASHIONAI = Decoder(DATASET, DECODER_VERSION, SPLITS, arrange, decode, picture_path)
