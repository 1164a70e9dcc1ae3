"""FashionAI's files: a listing in, sixteen parts per split out.

`splits` tells which split a file belongs to. Where two splits share a folder (both training sets
unpack to train/) a picture belongs to every split that names its image.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import (
    LITTER,
    SIZE_NOT_COMPARED,
    Arrangement,
    ReadMember,
    ignored_rows,
    whole_listing,
)
from flows.decode.fashionai.duplicates import DeduplicatedRows, deduplicate, stamps
from flows.decode.fashionai.rows import MAX_ROWS, Row, image_of_picture, read_rows
from flows.decode.fashionai.splits import (
    SPLITS,
    picture_root,
    splits_at,
    table_root,
    table_splits,
    unnamed_tests,
)
from schemas.errors import InputError
from schemas.source import ARRANGED

Roots = Mapping[str, set[str]]
"""The folders above each split's tables: those that hold its Images/."""


def arrange(members: Iterable[pa.Table], split: str | None, read: ReadMember) -> Arrangement:
    """Sort a listing into parts.

    A table has a row for each part that takes rows from it; `stamp` is then a hash of those rows,
    so that a changed row changes one part. `split` takes one of several splits, or names the split
    of a source that holds only one.
    """
    whole = whole_listing(members)
    listing = {row["name"]: row for row in whole.to_pylist()}
    names = [name for name in listing if not re.search(LITTER, name)]
    tables = table_splits(names, split)
    roots = {
        word: {table_root(name) for name in tables if tables[name] == word}
        for word in SPLITS
        if word in tables.values()
    }
    chosen = [split] if split is not None else sorted(roots)
    rows = _read_tables(tables, roots, chosen, read)
    pictures = {name: root for name in names if (root := picture_root(name)) is not None}
    arranged = [*_table_members(rows), *_picture_members(pictures, roots, rows)]
    arranged = [listing[row["name"]] | row for row in arranged if row["split"] in chosen]
    if not arranged:
        raise InputError(f"{', '.join(tables)} has a header, but no rows")
    rows_of_parts = pa.Table.from_pylist(arranged, schema=ARRANGED)
    ignored = whole.filter(pc.invert(pc.is_in(whole["name"], rows_of_parts["name"])))
    return Arrangement(
        [rows_of_parts, ignored_rows(ignored)],
        pictures={word: _template(roots[word], set(pictures.values())) for word in chosen},
        notes=tuple(
            f"{name} does not say which test set it is: it became `test`; "
            "--split test_a or test_b would name it"
            for name in unnamed_tests(tables)
            if split is None
        ),
    )


def _read_tables(
    tables: Mapping[str, str], roots: Roots, chosen: list[str], read: ReadMember
) -> dict[str, DeduplicatedRows]:
    """The rows of the chosen splits, and of those that share folders and so pictures with them."""
    chosen_roots = {root for split in chosen for root in roots[split]}
    rows_by_split, total = {}, 0
    for split in sorted(roots):
        if split not in chosen and not roots[split] & chosen_roots:
            continue
        rows: list[Row] = []
        for name in (name for name in tables if tables[name] == split):
            table_rows = read_rows(name, read(name))
            total += len(table_rows)
            if total > MAX_ROWS:
                raise InputError(
                    f"the tables up to {name} have {total:,} rows, more than the limit of "
                    f"{MAX_ROWS:,}: keep only the published ones"
                )
            rows += table_rows
        rows_by_split[split] = deduplicate(rows)
    return rows_by_split


def _table_members(rows_by_split: Mapping[str, DeduplicatedRows]) -> Iterator[dict[str, object]]:
    """One row per table and part that takes rows from it."""
    for split, rows in rows_by_split.items():
        for (name, part), stamp in stamps(rows.rows).items():
            row = {"split": split, "part": part, "role": "table", "image_id": None, "name": name}
            yield row | {"size": SIZE_NOT_COMPARED, "stamp": stamp}


def _picture_members(
    pictures: Mapping[str, str], roots: Roots, rows_by_split: Mapping[str, DeduplicatedRows]
) -> Iterator[dict[str, object]]:
    """One row per file under Images/ and split it belongs to; `pictures` are roots by name.

    A file belongs to the splits that name its image, or else to the likeliest one. Role
    `unexpected` is a file whose name is not a hash (image_id null), one in another folder than its
    image's row says, or a second one for an image that no row names (image_id kept).
    """
    file_names: dict[str, dict[int | None, str | None]] = {}
    for split, rows in rows_by_split.items():
        named: dict[int | None, str | None] = {row.image_id: None for row in rows.rows}
        file_names[split] = named | {key: row.file_name for key, row in rows.images.items()}
        file_names[split].pop(None, None)
    candidates = {root: splits_at(root, roots) for root in set(pictures.values())}
    taken: set[tuple[str, int]] = set()
    for name, root in sorted(pictures.items()):
        image_id, part = image_of_picture(name)
        path = name.removeprefix(f"{root}/") if root else name
        likely = candidates[root]
        for split in [word for word in likely if image_id in file_names.get(word, {})] or likely[
            :1
        ]:
            expected = file_names.get(split, {}).get(image_id) or path
            role = "unexpected"
            if image_id is not None and path == expected and (split, image_id) not in taken:
                taken.add((split, image_id))
                role = "picture"
            row = {"split": split, "part": part, "role": role, "image_id": image_id}
            yield row | {"name": name}


def _template(roots: set[str], picture_roots: set[str]) -> str:
    root = min(roots & picture_roots or roots)
    escaped = root.replace("{", "{{").replace("}", "}}")  # a folder may have braces in its name
    return f"{escaped}/{{file_name}}" if root else "{file_name}"
