"""Where FashionAI keeps its files: names in, sixteen parts per set out.

See fashionai_sets for what names mean. Where two sets share a folder (both training sets unpack to
train/) a picture goes to every set that names its image.
"""

import re
from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from flows.decode.decoder import Arrangement, ReadMember
from flows.decode.fashionai.images import Settled, settle, stamps
from flows.decode.fashionai.pictures import ROWS, picture_rows
from flows.decode.fashionai.rows import MOST_LINES, concat, read_rows
from flows.decode.fashionai.sets import (
    SPLITS,
    picture_root,
    sets_at,
    table_root,
    table_splits,
    unnamed_tests,
)
from schemas.errors import InputError
from schemas.source import ARRANGED

UNLISTED = -1
"""The size of a table's share: what storage need not check, because decode compares the stamp."""

_LITTER = re.compile(r"(^|/)(\.|__MACOSX/|(?i:thumbs\.db|desktop\.ini)$)")


def picture_path(split: str) -> str:
    """Where a picture of that split lies in the usual layout; an Arrangement knows it better."""
    folder = {"train": "train", "warm_up": "train", "test": "test"}.get(split, f"r1_{split}")
    return f"{folder}/{{file_name}}"


def arrange(members: pa.Table, split: str | None, read: ReadMember) -> Arrangement:
    """Sort a listing into parts: rows of ARRANGED by split, part, role and image.

    A table stands once for each part it has lines of; `stamp` is then a hash of those lines, so
    that a changed row changes one part, and `size` is -1: it does not speak of the file. `split`
    takes one of several sets, or names the set of a source that holds only one.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"fashionai has no split {split!r}: choose one of {', '.join(SPLITS)}")
    listing = pl.DataFrame(pl.from_arrow(members))
    names = [name for name in listing["name"] if not _LITTER.search(name)]
    tables = table_splits(names, split)
    roots = {
        word: {table_root(name) for name, one in tables.items() if one == word}
        for word in SPLITS
        if word in tables.values()
    }
    wanted = [split] if split is not None else sorted(roots)
    settled = _settled(tables, roots, wanted, read)
    lying = _lying(names, roots, listing)
    rows = pl.concat([_table_rows(settled), picture_rows(lying, settled)])
    rows = rows.filter(pl.col("split").is_in(wanted))
    if rows.is_empty():
        raise InputError(f"{', '.join(tables)} has a header, but no rows")
    arranged = rows.sort("split", "part", "role", "image_id", "name")
    used = set(arranged["name"])
    return Arrangement(
        arranged.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ARRANGED),
        tuple(name for name in listing["name"] if name not in used),
        pictures={word: _template(roots[word], set(lying["root"])) for word in wanted},
        notes=tuple(
            f"{name} does not say which test set it is: it became `test`; "
            "--split test_a or test_b would name it"
            for name in unnamed_tests(tables)
            if split is None
        ),
    )


def _settled(
    tables: Mapping[str, str], roots: Mapping[str, set[str]], wanted: list[str], read: ReadMember
) -> dict[str, Settled]:
    """The lines of the wanted sets, and of those that share their folders and so their pictures."""
    theirs = {root for word in wanted for root in roots[word]}
    found, lines = {}, 0
    for word in sorted(roots):
        if word in wanted or roots[word] & theirs:
            names = [name for name, one in tables.items() if one == word]
            tables_of_set = []
            for name in names:
                rows = read_rows(name, read(name))
                lines += len(rows.frame)
                if lines > MOST_LINES:
                    raise InputError(
                        f"the tables up to {name} have {lines:,} rows, more than the "
                        f"{MOST_LINES:,} that are read: leave only the published ones there"
                    )
                tables_of_set.append(rows)
            found[word] = settle(concat(tables_of_set))
    return found


def _lying(names: list[str], roots: Mapping[str, set[str]], listing: pl.DataFrame) -> pl.DataFrame:
    """Each file under Images/ with its folder and the sets it may belong to, likeliest first."""
    pictures = {name: root for name in names if (root := picture_root(name)) is not None}
    candidates = {root: sets_at(root, roots) for root in set(pictures.values())}
    frame = pl.DataFrame(
        {
            "name": list(pictures),
            "root": list(pictures.values()),
            "splits": [candidates[root] for root in pictures.values()],
        },
        schema={"name": pl.String, "root": pl.String, "splits": pl.List(pl.String)},
    )
    return listing.join(frame, on="name", maintain_order="left")


def _template(roots: set[str], picture_roots: set[str]) -> str:
    root = min(roots & picture_roots or roots)
    escaped = root.replace("{", "{{").replace("}", "}}")  # a folder may have braces in its name
    return f"{escaped}/{{file_name}}" if root else "{file_name}"


def _table_rows(settled: Mapping[str, Settled]) -> pl.DataFrame:
    """One row per table and part that has lines of it."""
    rows = [
        (split, part, "table", None, table, UNLISTED, stamp)
        for split, one in settled.items()
        for (table, part), stamp in stamps(one).items()
    ]
    return pl.DataFrame(rows, schema=ROWS, orient="row")
