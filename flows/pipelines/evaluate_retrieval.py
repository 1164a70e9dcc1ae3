"""Retrieval scores: predicted lists, or embeddings ranked to lists, judged in SQL."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.metrics.ranking import Similarity
from flows.pipelines.embedded_retrieval import rank_embeddings
from flows.pipelines.evaluation import EvaluationInputs, TaskResult
from flows.predictions import Retrieval, field_of, read_retrieval
from flows.warehouse import add_table, run_query
from schemas.categories import CATEGORIES
from schemas.details import RETRIEVAL_DETAILS
from schemas.errors import InputError
from schemas.scores import ALL, RANKS, TASK_SCORES
from schemas.vocabulary import ITEM_ATTRIBUTES

RETRIEVAL_ATTRIBUTES = (*ITEM_ATTRIBUTES, "category")
"""The attributes of a query that scores may be for."""


def evaluate_retrieval(
    inputs: EvaluationInputs,
    *,
    embeddings: bool = False,
    boxes: str = "detected",
    similarity: Similarity = "cosine",
    min_identical: int = 0,
) -> TaskResult:
    """Top-k accuracy by the authors' rule, which sql/evaluation/retrieval_outcomes.sql states.

    Predictions are lists of gallery items; with `embeddings` two files, of the queries and of the
    gallery. `boxes` is `truth` if boxes of lists are annotated ones: then, and for embeddings
    without boxes, metrics are `top-1_truth`, ...; with `min_identical` 6 `top-1_identical_6`, ...
    Raises InputError for invalid files.
    """
    if embeddings:
        retrieval, truth, notes = rank_embeddings(inputs, similarity)
    else:
        retrieval, truth, notes = read_retrieval(inputs.predictions), boxes == "truth", []
    add_table(inputs.warehouse, "query_detections", retrieval.queries)
    add_table(inputs.warehouse, "gallery_detections", retrieval.gallery)
    if not embeddings:
        _require_judgeable(inputs, retrieval, truth)
    parameters = inputs.partition | {"min_identical": min_identical}
    items = run_query(inputs.warehouse, "retrieval_outcomes", parameters)
    queries = items.filter(items["outcome"].is_valid())
    if not len(queries):
        raise InputError(
            f"{inputs.dataset} {inputs.split} has no queries for retrieval: items of consumers "
            f"with a style above zero and at least {min_identical} counterparts."
        )
    suffix = "_truth" * truth + (f"_identical_{min_identical}" if min_identical else "")
    scores = pa.Table.from_pylist(list(_scores(inputs, items, suffix)), TASK_SCORES)
    names = RETRIEVAL_DETAILS.schema.names
    details = queries.select(names).cast(RETRIEVAL_DETAILS.schema) if inputs.details else None
    return TaskResult(scores, details, "sql", (*notes, *_notes(queries, len(retrieval.queries))))


def _require_judgeable(inputs: EvaluationInputs, retrieval: Retrieval, truth: bool) -> None:
    """Raise InputError for the first box in an image that it cannot be in, or not annotated."""
    parameters = inputs.partition | {"truth_boxes": truth}
    for box in run_query(inputs.warehouse, "retrieval_refusals", parameters).to_pylist()[:1]:
        path = inputs.predictions[bisect_left(retrieval.last_rows, box["row"])]
        image = f"image {box['image_id']} of {inputs.dataset} {inputs.split}"
        owner = "shop's" if box["rank"] else "consumer's"
        problem = {
            "unknown image": f"{field_of(box['rank'], 'image_id')}: {image} is not in the release",
            "wrong source": f"{field_of(box['rank'], 'image_id')}: {image} is not a {owner} photo",
            "not annotated": f"{field_of(box['rank'], 'bbox')}: is not the box of an item of "
            f"{image}, as predictions on ground-truth boxes have",
        }[box["problem"]]
        raise InputError(f"{path}: row {box['row']}: {problem}.")


def _scores(inputs: EvaluationInputs, items: pa.Table, suffix: str) -> Iterator[dict[str, Any]]:
    """Rows of TASK_SCORES: all queries, then those with each value of each attribute of `by`."""
    everything = {"attribute": ALL, "value": ALL, "category": ALL}
    yield from _top_k(items, suffix, everything)
    for attribute in inputs.by:
        if attribute == "category":
            for kind in CATEGORIES[inputs.dataset]:
                selected = items.filter(pc.equal(items["category_id"], kind.category_id))
                yield from _top_k(selected, suffix, everything | {"category": kind.name})
        else:
            for value in ITEM_ATTRIBUTES[attribute]:
                selected = items.filter(pc.equal(items[attribute], value))
                subset = everything | {"attribute": attribute, "value": value}
                yield from _top_k(selected, suffix, subset)


def _top_k(items: pa.Table, suffix: str, subset: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The scores of some items of consumers; those without an outcome are skipped."""
    if not len(items):
        return
    queries = items.filter(items["outcome"].is_valid())
    undetected = queries.filter(pc.invert(queries["has_detections"]))
    counts = {
        "count": len(queries),
        "skipped": len(items) - len(queries),
        "missing": len(undetected["image_id"].unique()),
    }
    for k in RANKS:
        hits = pc.sum(pc.less_equal(queries["rank"], k)).as_py() or 0
        score = hits / len(queries) if len(queries) else None
        yield {"metric": f"top-{k}{suffix}", **subset, "mode": None, "score": score, **counts}


def _notes(queries: pa.Table, records: int) -> Iterator[str]:
    judged = len(queries) - queries["row"].null_count
    if judged < records:
        yield (
            f"{judged:,} of {records:,} records are judged, the others are for items that are not "
            "queries, have another category or a lower score."
        )
    unanswered = pc.sum(pc.equal(queries["identical"], 0)).as_py()
    if unanswered:
        yield (
            f"{unanswered:,} of {len(queries):,} queries have no item with their pair_id and style "
            "in the gallery: they count as missed, where the authors' script would end."
        )
