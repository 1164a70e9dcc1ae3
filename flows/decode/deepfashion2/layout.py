"""DeepFashion2's files: a listing in, parts of 4,096 image numbers out."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import LITTER, Arrangement, ReadMember
from flows.decode.deepfashion2.lists import SIDE_FILE, side_rows
from schemas.errors import InputError
from schemas.source import ARRANGED

PART_SIZE = 4096

# A number of at most 12 digits keeps the part within int32; DeepFashion2 has none longer.
_NAME = (
    r"(?s)^(?:(?P<split>train|validation|test)/)?(?P<folder>image|annos)/"
    r"(?:(?P<number>[0-9]{1,12})\.(?P<kind>json|(?i:jpe?g|png))|.+)$"
)


def arrange(members: pa.Table, split: str | None, read: ReadMember) -> Arrangement:
    """Sort a listing into parts: rows of ARRANGED by split, part, role and image number.

    Names in image/ and annos/ that are not numbers get the role `unexpected` (part 0, image_id
    null); so does a second file for the same image, which keeps its image_id.
    `split` restricts to one split, or names the split of a source that is a split's own folder.
    """
    names = members["name"].combine_chunks()
    fields = pc.extract_regex(names, _NAME)
    is_litter = pc.match_substring_regex(names, LITTER)
    is_image = pc.and_not(fields.is_valid(), is_litter)
    is_side = pc.and_not(
        pc.match_substring_regex(names, SIDE_FILE), pc.or_(is_litter, fields.is_valid())
    )
    others = names.filter(pc.invert(pc.or_(is_image, is_side)))

    table, side, fields = members.filter(is_image), members.filter(is_side), fields.filter(is_image)
    splits, pictures = _splits_of(fields, split, names)
    role, number = _roles(fields)
    rows = pa.Table.from_arrays(
        [
            splits,
            pc.fill_null(pc.divide(number, PART_SIZE), 0).cast(pa.int32()),
            role,
            number,
            *table.columns,
        ],
        schema=ARRANGED,
    )
    unplaced = table["name"].filter(pc.is_null(splits))
    is_chosen = pc.equal(splits, split) if split else pc.is_valid(splits)
    rows = _mark_second_files(rows.filter(is_chosen))
    rows = pa.concat_tables([rows, side_rows(side, rows, split)]).sort_by(
        [(column, "ascending") for column in ("split", "part", "role", "image_id", "name")]
    )
    return Arrangement(
        rows.combine_chunks(), (*others.to_pylist(), *unplaced.to_pylist()), pictures
    )


def _splits_of(
    fields: pa.StructArray, split: str | None, names: pa.Array
) -> tuple[pa.Array, dict[str, str]]:
    """The split of each name, and the pictures' member names where they are not the usual ones.

    Null for a root's image/ and annos/ where there are folders of splits as well.
    """
    named = fields.field("split")
    at_root = pc.equal(named, "")
    present = set(pc.unique(named).to_pylist()) - {""}
    if not present and pc.any(at_root).as_py():
        if split is None:
            raise InputError(
                "the source holds image/ and annos/ itself: give the folder above it, "
                "or name its split with --split"
            )
        return pc.if_else(at_root, split, named), {split: "image/{file_name}"}
    if not present or (split is not None and split not in present):
        expected = f"{split}/" if split else "train/, validation/ or test/"
        raise InputError(
            f"not a DeepFashion2 source: expected {expected} with image/ or annos/ inside, "
            f"found {_first_folders(names)}"
        )
    return pc.if_else(at_root, pa.scalar(None, pa.string()), named), {}


def _first_folders(names: pa.Array) -> str:
    """The top of the listing, for a message about a wrong folder."""
    tops = pc.unique(pc.replace_substring_regex(names, r"(?s)/.*", "/")).to_pylist()
    if not tops:
        return "no files at all"
    return ", ".join(tops[:5]) + (f" and {len(tops) - 5:,} more" if len(tops) > 5 else "")


def _roles(fields: pa.StructArray) -> tuple[pa.Array, pa.Array]:
    """The role of each name and its image number; null where the name is not a number."""
    is_document = pc.equal(fields.field("folder"), "annos")
    is_json = pc.equal(fields.field("kind"), "json")
    numbered = pc.not_equal(fields.field("number"), "")
    fits = pc.and_(numbered, pc.equal(is_document, is_json))
    number = pc.if_else(fits, fields.field("number"), None).cast(pa.int64())
    role = pc.if_else(fits, pc.if_else(is_document, "document", "picture"), "unexpected")
    return role, number


def _mark_second_files(rows: pa.Table) -> pa.Table:
    """Of `000001.json` and `1.json` the first by name stays, the others become `unexpected`."""
    numbered = rows["role"].combine_chunks()
    order = pc.sort_indices(
        rows, [(column, "ascending") for column in ("split", "role", "image_id", "name")]
    )
    ordered = rows.take(order)
    same = np.ones(max(len(ordered) - 1, 0), dtype=bool)
    for column in ("split", "role", "image_id"):
        values = ordered[column].combine_chunks()
        equal = pc.equal(values[1:], values[:-1])
        same &= pc.fill_null(equal, False).to_numpy(zero_copy_only=False)
    if not same.any():
        return rows
    second = np.zeros(len(rows), dtype=bool)
    second[order.to_numpy()[1:]] = same
    role = pc.if_else(pa.array(second), "unexpected", numbered)
    return rows.set_column(2, ARRANGED.field("role"), role)
