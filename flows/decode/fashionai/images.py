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

from flows.decode.fashionai.rows import Rows, refuse


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
    leader = pl.col("at", "listed", "file_name", "category").first().over("image_id")
    followers = (
        good.with_columns(leader.name.prefix("first_"))
        .filter(pl.col("at") != pl.col("first_at"))
        .with_columns(
            (
                (pl.col("file_name") == pl.col("first_file_name"))
                & (pl.col("category") == pl.col("first_category"))
            ).alias("same")
        )
        .sort("at")
    )
    counted = pl.col("listed") & ~pl.col("first_listed") & pl.col("same")
    absorbed = np.zeros(len(frame), dtype=bool)
    absorbed[followers.filter(counted)["at"].to_numpy()] = True
    absorbed[_taken_along(frame, good)["at"].to_numpy()] = True

    judged = _refuse_followers(rows, followers.filter(~counted & ~_at(absorbed, followers)))
    kept = judged["rule"].is_null().to_numpy() & ~absorbed
    gone = judged.filter(pl.col("rule").is_not_null())["image_id"].drop_nulls().unique()
    lost = gone.filter(~gone.is_in(judged.filter(pl.Series(kept))["image_id"].implode()))
    return Settled(Rows(judged, rows.points), kept, absorbed, lost)


def _at(mask: NDArray[np.bool_], frame: pl.DataFrame) -> pl.Series:
    return pl.Series(mask[frame["at"].to_numpy()])


def _taken_along(frame: pl.DataFrame, good: pl.DataFrame) -> pl.DataFrame:
    """Good lines of lists whose image has annotations, all of them refused."""
    refused = frame.filter(pl.col("rule").is_not_null() & ~pl.col("listed"))
    annotated = good.filter(~pl.col("listed"))
    lists = good.filter(pl.col("listed"))
    return lists.join(refused, on="image_id", how="semi").join(annotated, on="image_id", how="anti")


def _refuse_followers(rows: Rows, followers: pl.DataFrame) -> pl.DataFrame:
    """Refuses each line that repeats or contradicts the first one of its image."""
    frame = rows.frame
    places, rules, messages, lines = [], [], [], []
    for one in followers.iter_rows(named=True):
        at, first = one["at"], one["first_at"]
        equal = one["same"] and bool((rows.points[at] == rows.points[first]).all())
        says = "repeats" if equal else "claims the same image with other content than"
        other = f"row {frame['row'][first]} of {frame['table'][first]}"
        places.append(at)
        rules.append("exact_duplicate" if equal else "image_id_clash")
        messages.append(f"row {one['row']}: {says} {other}")
        lines.append(one["line"])
    return refuse(frame, places, rules, messages, lines)


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
