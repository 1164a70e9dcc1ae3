"""DeepFashion2's files: a listing in, parts of 4,096 image numbers out."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.decoder import LITTER, Arrangement, ReadMember, ignored_rows
from flows.decode.deepfashion2.lists import SIDE_FILE, side_rows
from schemas.datasets import DATASETS, PART_SIZE
from schemas.errors import InputError
from schemas.source import ARRANGED, MEMBERS

SPLITS = DATASETS["deepfashion2"].splits

# A number of at most 12 digits keeps the part within int32; DeepFashion2 has none longer.
_NAME = (
    rf"(?s)^(?:(?P<split>{'|'.join(SPLITS)})/)?(?P<folder>image|annos)/"
    r"(?:(?P<number>[0-9]{1,12})\.(?P<kind>json|(?i:jpe?g|png))|.+)$"
)


def arrange(members: Iterable[pa.Table], split: str | None, read: ReadMember) -> Arrangement:
    """Sort a listing into parts: rows of ARRANGED, table by table.

    Names in image/ and annos/ that are not numbers get the role `unexpected` (part 0, image_id
    null). `split` restricts to one split, or names the split of a source that is a split's own
    folder.
    """
    present = _splits_present(members)
    if present == {""}:
        if split is None:
            raise InputError(
                "the source holds image/ and annos/ itself: give the folder above it, "
                "or name its split with --split"
            )
        return Arrangement(_arranged(members, split, at_root=split), {split: "image/{file_name}"})
    present -= {""}
    if not present or (split is not None and split not in present):
        expected = f"{split}/" if split else "train/, validation/ or test/"
        raise InputError(
            f"not a DeepFashion2 source: expected {expected} with image/ or annos/ inside, "
            f"found {_first_folders(members)}"
        )
    return Arrangement(_arranged(members, split, at_root=None))


def _splits_present(members: Iterable[pa.Table]) -> set[str]:
    """The splits that have files in image/ or annos/; an empty name for folders at the root."""
    present: set[str] = set()
    for table in members:
        for split in {*SPLITS, ""} - present:
            above = f"{split}/" if split else ""
            names = table["name"]
            is_in = (pc.starts_with(names, f"{above}{folder}/") for folder in ("image", "annos"))
            inside = names.filter(pc.or_(*is_in))
            if pc.sum(pc.invert(pc.match_substring_regex(inside, LITTER))).as_py():
                present.add(split)
    return present


def _arranged(
    members: Iterable[pa.Table], split: str | None, at_root: str | None
) -> Iterator[pa.Table]:
    """The rows of each table; those of side files last, because some belong to every part.

    `at_root` is the split of image/ and annos/ at the root, which are ignored without it.
    """
    side_files, parts = MEMBERS.empty_table(), ARRANGED.empty_table().select(["split", "part"])
    for table in members:
        fields = pc.extract_regex(table["name"].combine_chunks(), _NAME)
        is_image = pc.and_not(fields.is_valid(), _is_litter(table["name"], fields))
        others = table.filter(pc.invert(is_image))
        is_side = pc.match_substring_regex(others["name"], SIDE_FILE)
        is_side = pc.and_not(is_side, pc.match_substring_regex(others["name"], LITTER))
        side_files = pa.concat_tables([side_files, others.filter(is_side)])
        yield ignored_rows(others.filter(pc.invert(is_side)))

        table, fields = table.filter(is_image), fields.filter(is_image)
        role, number = _roles(fields)
        named = fields.field("split")
        splits = pc.if_else(pc.equal(named, ""), pa.scalar(at_root, pa.string()), named)
        part = pc.fill_null(pc.divide(number, PART_SIZE), 0).cast(pa.int32())
        rows = pa.table([splits, part, role, number, *table.columns], schema=ARRANGED)
        yield ignored_rows(rows.filter(pc.is_null(splits)))
        rows = rows.filter(pc.equal(splits, split) if split else pc.is_valid(splits))
        keys = pa.concat_tables([parts, rows.select(parts.column_names)])
        parts = keys.group_by(parts.column_names).aggregate([])
        yield rows
    yield side_rows(side_files, parts, split)


def _is_litter(names: pa.ChunkedArray, fields: pa.StructArray) -> pa.Array:
    """Whether a name in image/ or annos/ is what other programs leave: never one with a number."""
    unnumbered = pc.fill_null(pc.equal(fields.field("number"), ""), False)
    is_litter = pc.match_substring_regex(names.filter(unnumbered), LITTER).combine_chunks()
    return pc.replace_with_mask(pa.repeat(False, len(names)), unnumbered, is_litter)


def _first_folders(members: Iterable[pa.Table]) -> str:
    """The top of the listing, for a message about a wrong folder."""
    tops: set[str] = set()
    for table in members:
        folders = pc.replace_substring_regex(table["name"], r"(?s)/.*", "/")
        tops.update(pc.unique(folders).to_pylist())
    if not tops:
        return "no files at all"
    more = f" and {len(tops) - 5:,} more" if len(tops) > 5 else ""
    return ", ".join(sorted(tops)[:5]) + more


def _roles(fields: pa.StructArray) -> tuple[pa.Array, pa.Array]:
    """The role of each name and its image number; null where the name is not a number."""
    is_document = pc.equal(fields.field("folder"), "annos")
    is_json = pc.equal(fields.field("kind"), "json")
    numbered = pc.not_equal(fields.field("number"), "")
    fits = pc.and_(numbered, pc.equal(is_document, is_json))
    number = pc.if_else(fits, fields.field("number"), None).cast(pa.int64())
    role = pc.if_else(fits, pc.if_else(is_document, "document", "picture"), "unexpected")
    return role, number
