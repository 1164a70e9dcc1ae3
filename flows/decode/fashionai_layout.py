"""Where FashionAI keeps its files: names in, sixteen parts per set out.

A table is a CSV with one of the archives' own names; others, such as a contestant's submissions
beside them, are left alone (`Arrangement.ignored`). A single CSV given as the source may have any
name. Which set a table is:

- train.csv is `train`, annotations.csv is the `warm_up` set, an answer file names its own set;
- test.csv is named by its folder, else by an answer file in the same folder, else it is `test`;
- a folder called warm_up makes everything below it `warm_up`; the second round, whose answers were
  never published, is `test`. `split` overrides all of this.

Pictures lie in Images/<category>/ beside their table. Where two sets share that folder (both
training sets unpack to train/) a picture goes to every set that lists it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from flows.decode.decoder import Arrangement, ReadMember
from flows.decode.fashionai_images import Settled, settle, stamps
from flows.decode.fashionai_pictures import ROWS, picture_rows
from flows.decode.fashionai_rows import Rows, concat, read_rows
from schemas.errors import InputError
from schemas.source import ARRANGED

SPLITS = ("train", "warm_up", "test_a", "test_b", "test")
UNLISTED = -1
"""The size of a table's share: what storage need not check, because decode compares the stamp."""

_LITTER = re.compile(r"(^|/)(\.|__MACOSX/|(?i:thumbs\.db|desktop\.ini)$)")
_TABLE = re.compile(r"(?i)(?:^|/)(?:train|annotations|test(?:_[ab])?|[^/]*answer[^/]*)\.csv$")
_PICTURE = re.compile(r"^(?:(?P<root>.+)/)?Images/[^/]+/[^/]+$")
_WORDS = (
    (r"warm", "warm_up"),
    (r"round_?2|(^|[^a-z0-9])r2([^a-z0-9]|$)", "test"),
    (r"(test|answer)s?[_-]?a([^a-z]|$)", "test_a"),
    (r"(test|answer)s?[_-]?b([^a-z]|$)", "test_b"),
)


@dataclass
class _Set:
    """One split while it is put together: its tables by name, and the folders beside Images/."""

    tables: dict[str, Rows] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)


def picture_path(split: str) -> str:
    """Where a picture of that split lies in the usual layout; an Arrangement knows it better."""
    folder = {"train": "train", "warm_up": "train", "test": "test"}.get(split, f"r1_{split}")
    return f"{folder}/{{file_name}}"


def arrange(members: pa.Table, split: str | None, read: ReadMember) -> Arrangement:
    """Sort a listing into parts: rows of ARRANGED by split, part, role and name.

    A table stands once for each part it has lines of; `stamp` is then a hash of those lines, so
    that a changed row changes one part, and `size` is -1: it does not speak of the file.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"fashionai has no split {split!r}: choose one of {', '.join(SPLITS)}")
    listing = pl.DataFrame(pl.from_arrow(members))
    names = [name for name in listing["name"] if not _LITTER.search(name)]
    sets = _read_sets(names, split, read)
    pictures = {name: root for name in names if (root := _picture_root(name)) is not None}
    tables = {name for one in sets.values() for name in one.tables}
    settled = {word: settle(concat(list(one.tables.values()))) for word, one in sets.items()}
    rows = pl.concat([_table_rows(settled), picture_rows(_lying(sets, pictures, listing), settled)])
    arranged = rows.sort("split", "part", "role", "image_id", "name")
    ignored = [name for name in listing["name"] if name not in pictures and name not in tables]
    return Arrangement(
        arranged.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ARRANGED),
        tuple(ignored),
        pictures={name: _template(one, set(pictures.values())) for name, one in sets.items()},
    )


def _lying(
    sets: Mapping[str, _Set], pictures: Mapping[str, str], listing: pl.DataFrame
) -> pl.DataFrame:
    """Each file under Images/ with its folder and the sets it may belong to, likeliest first."""
    candidates = {root: _sets_at(root, sets) for root in set(pictures.values())}
    frame = pl.DataFrame(
        {
            "name": list(pictures),
            "root": list(pictures.values()),
            "splits": [candidates[root] for root in pictures.values()],
        },
        schema={"name": pl.String, "root": pl.String, "splits": pl.List(pl.String)},
    )
    return listing.join(frame, on="name", maintain_order="left")


def _sets_at(root: str, sets: Mapping[str, _Set]) -> list[str]:
    """The sets with a table beside that folder; else the one it is named after; else all."""
    beside = [word for word, one in sets.items() if root in one.roots]
    named = _split_of(f"{root}/Images/train.csv", [])
    return beside or ([named] if named is not None and named in sets else list(sets))


def _read_sets(names: list[str], split: str | None, read: ReadMember) -> dict[str, _Set]:
    tables = [name for name in names if name.lower().endswith(".csv")]
    if len(names) > 1:
        others, tables = tables, [name for name in tables if _TABLE.search(name)]
    if not tables:
        found = f"only {', '.join(others[:3])}" if names[1:] and others else "no CSV"
        raise InputError(
            "this is no FashionAI source: expected train.csv, annotations.csv, test.csv or an "
            f"answer CSV, found {found}; a CSV of another name can be the source itself"
        )
    sets: dict[str, _Set] = {}
    for name in sorted(tables):
        word = split or _split_of(name, tables)
        if word is None:
            raise InputError(
                f"{name} does not say which set it is: name it with --split, one of "
                + ", ".join(SPLITS)
            )
        one = sets.setdefault(word, _Set())
        one.tables[name] = read_rows(name, read(name))
        one.roots.add(_root_of_table(name))
    return sets


def _split_of(name: str, tables: list[str]) -> str | None:
    """The set a table belongs to, by its folders, its name and the answer file beside it."""
    *folders, base = name.lower().removesuffix(".csv").split("/")
    for pattern, word in _WORDS[:2]:
        if any(re.search(pattern, part) for part in (*folders, base)):
            return word
    if base == "annotations":
        return "warm_up"
    if re.match(r"train([^a-z]|$)", base):
        return "train"
    for part in (base, *reversed(folders)):
        for pattern, word in _WORDS[2:]:
            if re.search(pattern, part):
                return word
    if not re.match(r"(test|answer)s?([^a-z]|$)", base):
        return None
    folder = name.rpartition("/")[0]
    beside = {
        _split_of(other, [])
        for other in tables
        if other.rpartition("/")[0] == folder and "answer" in other.lower()
    }
    return beside.pop() if len(beside) == 1 and name not in beside else "test"


def _root_of_table(name: str) -> str:
    folder = name.rpartition("/")[0]
    return re.sub(r"(^|/)Annotations$", "", folder)


def _picture_root(name: str) -> str | None:
    """The folder that holds Images/, or None for a file that is no picture of this source."""
    match = _PICTURE.match(name)
    return None if match is None else match["root"] or ""


def _template(one: _Set, picture_roots: set[str]) -> str:
    root = min(one.roots & picture_roots or one.roots)
    return f"{root}/{{file_name}}" if root else "{file_name}"


def _table_rows(settled: Mapping[str, Settled]) -> pl.DataFrame:
    """One row per table and part that has lines of it."""
    rows = [
        (split, part, "table", None, table, UNLISTED, stamp)
        for split, one in settled.items()
        for (table, part), stamp in stamps(one).items()
    ]
    return pl.DataFrame(rows, schema=ROWS, orient="row")
