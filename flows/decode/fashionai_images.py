"""The lines of a split's tables -> one line per image, and the ones that repeat or contradict it.

A table with points annotates, a table without (test.csv) lists. Of two lines for one image the
first stays, tables in the order of their names. The same record again is an `exact_duplicate`,
another record for the same image an `image_id_clash`. A list's line whose image is annotated says
nothing more and is not counted; where it names another file or category it is a clash as well.
A refused annotation takes its image with it: neither list nor picture make up for it.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.decode.fashionai_rows import Rows, refuse


@dataclass(frozen=True)
class Settled:
    """Lines after comparison. `kept` marks those that become images, `absorbed` those counted once.

    `lost` are the image_ids that only refused lines speak of.
    """

    rows: Rows
    kept: NDArray[np.bool_]
    absorbed: NDArray[np.bool_]
    lost: pl.Series


def settle(rows: Rows) -> Settled:
    """Compare all lines of a split, or of a part of it, with one another."""
    frame = rows.frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
    # Lists come last, so that the leader of an image is an annotation where there is one.
    good = frame.filter(pl.col("rule").is_null()).sort("listed", maintain_order=True)
    followers = (
        good.with_columns(
            pl.col("at", "listed", "file_name", "category")
            .first()
            .over("image_id")
            .name.prefix("first_")
        )
        .filter(pl.col("at") != pl.col("first_at"))
        .sort("at")
    )
    says_the_same = (pl.col("file_name") == pl.col("first_file_name")) & (
        pl.col("category") == pl.col("first_category")
    )
    spoken_for = followers.filter(says_the_same & pl.col("listed") & ~pl.col("first_listed"))
    refused = frame.filter(pl.col("rule").is_not_null() & ~pl.col("listed"))["image_id"]
    taken_along = good.filter(pl.col("listed")).filter(
        pl.col("image_id").is_in(refused.drop_nulls().implode())
        & ~pl.col("image_id").is_in(good.filter(~pl.col("listed"))["image_id"].implode())
    )
    absorbed = np.zeros(len(frame), dtype=bool)
    absorbed[spoken_for["at"].to_numpy()] = True
    absorbed[taken_along["at"].to_numpy()] = True

    followers = followers.with_columns(says_the_same.alias("same"))
    places, rules, messages = [], [], []
    for one in followers.filter(~pl.Series(absorbed[followers["at"].to_numpy()])).iter_rows(
        named=True
    ):
        at, first = one["at"], one["first_at"]
        equal = one["same"] and bool((rows.points[at] == rows.points[first]).all())
        places.append(at)
        rules.append("exact_duplicate" if equal else "image_id_clash")
        other = f"row {frame['row'][first]} of {frame['table'][first]}"
        says = "repeats" if equal else "claims the same image with other content than"
        messages.append(f"row {one['row']}: {says} {other}")
    lines = [frame["line"][place] for place in places]
    judged = refuse(rows.frame, places, rules, messages, lines)
    kept = judged["rule"].is_null().to_numpy() & ~absorbed
    gone = judged.filter(pl.col("rule").is_not_null())["image_id"].drop_nulls().unique()
    lost = gone.filter(~gone.is_in(judged.filter(pl.Series(kept))["image_id"].implode()))
    return Settled(Rows(judged, rows.points), kept, absorbed, lost)


def stamps(settled: Settled) -> dict[tuple[str, int], str]:
    """A hash for each table and part of what the part takes from it, whatever else the file holds.

    A refusal names its row and is therefore hashed with it; a good line is its content alone.
    """
    frame = settled.rows.frame
    said = (
        pl.when(pl.col("rule").is_null())
        .then(pl.concat_str("file_name", pl.col("category"), separator="\n"))
        .otherwise(pl.concat_str("rule", "message", "excerpt", separator="\n"))
    )
    numbered = frame.select(
        "table", "part", said.alias("said"), pl.int_range(pl.len(), dtype=pl.Int64).alias("at")
    )
    found = {}
    for (table, part), lines in numbered.group_by("table", "part", maintain_order=True):
        digest = hashlib.sha256("\0".join(lines["said"]).encode())
        digest.update(settled.rows.points[lines["at"].to_numpy()].astype("<i8").tobytes())
        found[str(table), int(part)] = f"records:{digest.hexdigest()}"
    return found
