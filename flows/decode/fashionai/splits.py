"""The split of each FashionAI file, from names alone.

A table is a CSV with one of the archives' names; others, such as a contestant's submissions, are
ignored. A CSV that is the whole source may have any name.

- train.csv is `train`, annotations.csv is `warm_up`, an answer file names its test set;
- test.csv is named by its folder, else by the answer file in that folder, else it is `test`;
- a folder called warm_up makes everything below it `warm_up`; the second round, whose answers were
  never published, is `test`.

A split's root is the folder that holds its Images/: the table's folder, or the one above
Annotations/.
"""

import re
from collections.abc import Mapping

from schemas.datasets import DATASETS
from schemas.errors import InputError

SPLITS = DATASETS["fashionai"].splits

_TABLE = re.compile(r"(?i)(?:^|/)(?:train|annotations|test(?:_[ab])?|[^/]*answer[^/]*)\.csv$")
_PICTURE = re.compile(r"^(?:(?P<root>.+)/)?Images/[^/]+/[^/]+$")
_OF_THE_WHOLE_PATH = (
    (re.compile(r"warm"), "warm_up"),
    (re.compile(r"round_?2|(^|[^a-z0-9])r2([^a-z0-9]|$)"), "test"),
)
_OF_THE_NEAREST = (
    (re.compile(r"(test|answer)s?[_-]?a([^a-z]|$)"), "test_a"),
    (re.compile(r"(test|answer)s?[_-]?b([^a-z]|$)"), "test_b"),
)


def table_splits(names: list[str], split: str | None) -> dict[str, str]:
    """The tables among all names of a source, each with its split.

    `split` names the split of a source that holds only one. Where the tables belong to several and
    one of them is `split`, all are returned and the caller selects.
    """
    csv_names = [name for name in names if name.lower().endswith(".csv")]
    tables = csv_names if len(names) == 1 else [name for name in csv_names if _TABLE.search(name)]
    if not tables:
        raise InputError(
            "not a FashionAI source: expected train.csv, annotations.csv, test.csv or an "
            f"answer CSV, found {', '.join(csv_names[:3]) or 'no CSV'}; a CSV with another name "
            "can be the source itself"
        )
    splits = {name: _split_of(name, tables) for name in sorted(tables)}
    present = set(splits.values())
    if split is not None and split not in present:
        if len(present) > 1:
            others = ", ".join(sorted(word or "one without a name" for word in present))
            raise InputError(f"the source has no split {split!r}, but several others: {others}")
        return dict.fromkeys(splits, split)
    for name, word in splits.items():
        if word is None:
            raise InputError(
                f"{name} does not say which split it is: name it with --split, one of "
                + ", ".join(SPLITS)
            )
    return {name: word for name, word in splits.items() if word is not None}


def unnamed_tests(splits: Mapping[str, str]) -> list[str]:
    """The tables that are `test` only because no name says which test set they are."""
    return [
        name
        for name, split in splits.items()
        if split == "test" and _from_whole_path(name.lower().split("/")) is None
    ]


def table_root(name: str) -> str:
    """The folder that holds the Images/ of a table."""
    return re.sub(r"(^|/)Annotations$", "", name.rpartition("/")[0])


def picture_root(name: str) -> str | None:
    """The folder that holds Images/; None for a file that is not a picture of this source."""
    match = _PICTURE.match(name)
    return None if match is None else match["root"] or ""


def splits_at(root: str, roots: Mapping[str, set[str]]) -> list[str]:
    """The splits whose pictures may be in a folder, likeliest first; `roots` are each split's.

    Those with a table in it, else the one the folder is named after, else all of them.
    """
    with_table = [split for split, folders in roots.items() if root in folders]
    folders = root.lower().split("/")
    named = _from_whole_path(folders) or _from_nearest(folders)
    if named is None and any(re.match(r"train([^a-z]|$)", folder) for folder in folders):
        named = "train"
    return with_table or ([named] if named is not None and named in roots else list(roots))


def _split_of(name: str, tables: list[str]) -> str | None:
    """The split of a table, by its folders, its name and the answer file in its folder."""
    *folders, base = name.lower().removesuffix(".csv").split("/")
    named = _from_whole_path([*folders, base])
    if named is not None:
        return named
    if base == "annotations":
        return "warm_up"
    if re.match(r"train([^a-z]|$)", base):
        return "train"
    if not re.search(r"(^|[^a-z])(test|answer)s?([^a-z]|$)", base):
        return None
    named = _from_nearest([*folders, base])
    if named is not None:
        return named
    folder = name.rpartition("/")[0]
    answers = [
        table
        for table in tables
        if table != name and "answer" in table.lower() and table.rpartition("/")[0] == folder
    ]
    splits = {_split_of(table, []) for table in answers}
    return splits.pop() or "test" if len(splits) == 1 else "test"


def _from_whole_path(folders: list[str]) -> str | None:
    for pattern, split in _OF_THE_WHOLE_PATH:
        if any(pattern.search(folder) for folder in folders):
            return split
    return None


def _from_nearest(folders: list[str]) -> str | None:
    """The split that the last folder naming a test set names."""
    for folder in reversed(folders):
        for pattern, split in _OF_THE_NEAREST:
            if pattern.search(folder):
                return split
    return None
