"""Embeddings of queries and gallery -> lists of gallery items, as prediction tables."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.metrics.ranking import Similarity, most_similar
from flows.pipelines.evaluation import EvaluationInputs
from flows.predictions import EDGES, Retrieval, read_embeddings
from flows.warehouse import add_table, run_query
from schemas.challenge import GALLERY_ENTRIES
from schemas.errors import InputError
from schemas.predictions import GALLERY_DETECTIONS, QUERY_DETECTIONS

_OWNERS = {"user": "a consumer's photo", "shop": "a shop's photo"}


def rank_embeddings(
    inputs: EvaluationInputs, similarity: Similarity
) -> tuple[Retrieval, bool, list[str]]:
    """The lists, whether their boxes are the annotated ones, and notes on items left out.

    The predictions are the files of the queries and of the gallery. Raises InputError for invalid
    files, for items that the split does not have, and for vectors of different sizes.
    """
    files = dict(zip(_OWNERS, inputs.predictions, strict=True))
    zeros = similarity != "cosine"
    read = {source: read_embeddings(path, source, zeros=zeros) for source, path in files.items()}
    sizes = {source: embeddings.vectors.shape[1] for source, embeddings in read.items()}
    if sizes["user"] != sizes["shop"]:
        raise InputError(
            f"{files['shop']}: row 1: $.embedding: has {sizes['shop']} numbers, those of "
            f"{files['user']} have {sizes['user']}."
        )
    items = pa.concat_tables(embeddings.items for embeddings in read.values())
    add_table(inputs.warehouse, "embedded_items", items)
    rows = run_query(inputs.warehouse, "retrieval_embedded", inputs.partition)
    embedded = rows.filter(rows["row"].is_valid())
    for item in embedded.filter(embedded["category_id"].is_null()).slice(0, 1).to_pylist():
        raise InputError(
            f"{files[item['source']]}: row {item['row']}: $.item_no: item {item['item_no']} of "
            f"image {item['image_id']} is not an item of {_OWNERS[item['source']]} of the split."
        )
    queries, gallery = (embedded.filter(pc.equal(embedded["source"], source)) for source in _OWNERS)
    places = []
    vectors = read["user"].vectors, read["shop"].vectors
    for block in most_similar(*vectors, GALLERY_ENTRIES, similarity):
        places.append(block)
        done = sum(map(len, places))
        inputs.on_progress("rank queries", done, len(queries))
    retrieval = Retrieval(
        _queries(queries), _lists(np.concatenate(places), gallery), (len(queries),)
    )
    missing = pc.sum(pc.and_(rows["row"].is_null(), pc.equal(rows["source"], "shop"))).as_py()
    notes = []
    if missing:
        notes.append(
            f"{missing:,} of {missing + len(gallery):,} items of shops have no embedding: no list "
            "can have them."
        )
    return retrieval, not any(embeddings.has_boxes for embeddings in read.values()), notes


def _queries(embedded: pa.Table) -> pa.Table:
    columns = {name: embedded[name] for name in ("row", "image_id", "item_no", "category_id")}
    scores = pa.array(np.ones(len(embedded)))
    columns |= {"score": scores} | {name: embedded[name] for name in EDGES}
    return pa.table(columns).cast(QUERY_DETECTIONS.schema)


def _lists(places: np.ndarray, gallery: pa.Table) -> pa.Table:
    """The gallery items at these places: a row of places for each query."""
    count, length = places.shape
    listed = gallery.take(pa.array(places.ravel()))
    columns = {
        "row": np.repeat(np.arange(1, count + 1), length),
        "rank": np.tile(np.arange(1, length + 1), count),
    } | {name: listed[name] for name in ("image_id", *EDGES)}
    return pa.table(columns).cast(GALLERY_DETECTIONS.schema)
