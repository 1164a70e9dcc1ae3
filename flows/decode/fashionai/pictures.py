"""Which image of which set each file under Images/ is."""

from collections.abc import Mapping

import polars as pl

from flows.decode.fashionai.images import Settled
from flows.decode.fashionai.rows import ID_DIGITS, STEM

ROWS = pl.Schema(
    {
        "split": pl.String,
        "part": pl.Int32,
        "role": pl.String,
        "image_id": pl.Int64,
        "name": pl.String,
        "size": pl.Int64,
        "stamp": pl.String,
    }
)
"""schemas.source.ARRANGED as Polars has it."""

_STEM_OF_NAME = rf"(?:^|/){STEM}\.(?i:jpe?g|png)$"


def picture_rows(lying: pl.DataFrame, settled: Mapping[str, Settled]) -> pl.DataFrame:
    """Files under Images/ -> rows of ARRANGED in every set they belong to.

    `lying` has name, size, stamp, root (the folder above Images/) and splits (the sets a file may
    belong to). It goes to those that name its image, or else to the first. Role `unexpected` is a
    file whose name is no hash (image_id null), or one that is not where its image's line says, or
    a second one for an image no line speaks of (image_id kept).
    """
    stem = pl.col("name").str.extract(_STEM_OF_NAME, 1)
    files = lying.with_columns(
        stem.str.slice(0, ID_DIGITS).str.to_integer(base=16, dtype=pl.Int64).alias("image_id"),
        stem.str.slice(0, 1).str.to_integer(base=16, dtype=pl.Int32).fill_null(0).alias("part"),
        pl.when(pl.col("root") == "")
        .then("name")
        .otherwise(pl.col("name").str.strip_prefix(pl.concat_str("root", pl.lit("/"))))
        .alias("path"),
    )
    choices = files.with_columns(pl.int_ranges(pl.col("splits").list.len()).alias("rank"))
    choices = choices.explode("splits", "rank").rename({"splits": "split"})
    choices = choices.join(_said(settled), on=["split", "image_id"], how="left")
    named = pl.col("said").fill_null(False)
    chosen = choices.filter(named | (~named.any().over("name") & (pl.col("rank") == 0)))
    there = pl.col("path") == pl.col("file_name")
    # Where a line says which file it is, no other will do; where none does, the first by name.
    right = pl.when(pl.col("file_name").is_not_null()).then(there).otherwise(True)
    first = pl.col("name") == pl.col("name").sort().first().over("split", "image_id", right)
    is_picture = pl.col("image_id").is_not_null() & right & first
    return chosen.select(
        "split",
        "part",
        pl.when(is_picture).then(pl.lit("picture")).otherwise(pl.lit("unexpected")).alias("role"),
        "image_id",
        "name",
        "size",
        "stamp",
    ).cast(ROWS)


def _said(settled: Mapping[str, Settled]) -> pl.DataFrame:
    """The images each set's lines name, and the file where a line became an image."""
    frames = []
    for split, one in settled.items():
        frame = one.rows.frame.with_columns(pl.Series("kept", one.kept))
        frame = frame.filter(pl.col("image_id").is_not_null())
        frames.append(
            frame.group_by("image_id").agg(
                pl.lit(split).alias("split"),
                pl.lit(True).alias("said"),
                pl.col("file_name").filter(pl.col("kept")).first(),
            )
        )
    return pl.concat(frames)
