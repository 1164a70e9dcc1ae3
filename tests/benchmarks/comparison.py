"""CPU time and peak memory of `wardrobe compare` of two detections of a whole validation set.

    python tests/benchmarks/comparison.py [--images 32153] [--items 52490] [--detections 94544]

Makes up two files of details in a temporary folder: 13 categories, ten thresholds, all items.
"""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from benchmark import MIB, Table, options, wardrobe
from prediction_details import EVERYTHING, write_details

from schemas.details import PRECISION_DETAILS

CATEGORIES = 13


def made_up_details(seed: int, images: int, items: int, detections: int) -> pa.Table:
    """Rows of PRECISION_DETAILS: the same items for every seed, most of them found, and errors."""
    truth, random = np.random.default_rng(0), np.random.default_rng(seed)
    keys = truth.integers((1, 1), (images + 1, CATEGORIES + 1), (items, 2))
    rows = {tuple(key): [0, []] for key in keys.tolist()}
    for key in map(tuple, keys.tolist()):
        rows[key][0] += 1
    for number in range(detections):
        is_match = number < items and random.random() < 0.85
        key = keys[number] if is_match else random.integers((1, 1), (images + 1, CATEGORIES + 1))
        bits = (1 << int(random.integers(1, 11))) - 1 if is_match else 0
        score = float(random.beta(3, 1.5) if is_match else random.beta(1.5, 3))
        outcome = {"row": number + 1, "score": score, "found": bits, "ignored": 0}
        rows.setdefault(tuple(key.tolist()), [0, []])[1].append(outcome)
    table = [
        {
            **EVERYTHING,
            "image_id": image,
            "category_id": category,
            "truths": count,
            "missed": [],
            "detections": sorted(outcomes, key=lambda outcome: -outcome["score"]),
        }
        for (image, category), (count, outcomes) in rows.items()
    ]
    return pa.Table.from_pylist(table, PRECISION_DETAILS.schema)


def main() -> None:
    chosen = vars(options(__doc__, images=32_153, items=52_490, detections=94_544))
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            write_details(
                made_up_details(seed, **chosen),
                Path(folder, f"{seed}.parquet"),
                "detection",
                "deepfashion2",
            )
            for seed in (1, 2)
        ]
        table = Table(samples=">9,", seconds=">9.1f", CPU_s=">9.1f", MiB=">9.0f")
        for samples in (1, 1_000):
            measured = wardrobe("compare", *paths, "--samples", samples)
            table.row(samples, measured.seconds, measured.cpu, measured.peak / MIB)


if __name__ == "__main__":
    main()
