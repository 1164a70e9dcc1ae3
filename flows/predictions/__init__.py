"""Prediction files in, validated rows out: the tables of schemas/predictions.py.

May import `schemas`, `flows.storage`. Every record is read or refused with a sentence that names
its file, record and field: InputError. Nothing is left out.
"""

from flows.predictions.classes import read_classes
from flows.predictions.coco_masks import run_lengths
from flows.predictions.coco_results import read_boxes, read_landmarks, read_masks
from flows.predictions.digest import (
    opened_parquet,
    predictions_by_sha256,
    predictions_sha256,
    unchanged_predictions,
)
from flows.predictions.embeddings import Embeddings, read_embeddings
from flows.predictions.points import read_points
from flows.predictions.retrieval import EDGES, Retrieval, field_of, read_retrieval

__all__ = [
    "EDGES",
    "Embeddings",
    "Retrieval",
    "field_of",
    "opened_parquet",
    "predictions_by_sha256",
    "predictions_sha256",
    "read_boxes",
    "read_classes",
    "read_embeddings",
    "read_landmarks",
    "read_masks",
    "read_points",
    "read_retrieval",
    "run_lengths",
    "unchanged_predictions",
]
