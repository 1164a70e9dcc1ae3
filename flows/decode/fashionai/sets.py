"""Which FashionAI set a file belongs to, told from names alone.

A table is a CSV with one of the archives' own names; others, such as a contestant's submissions
beside them, are not looked at. A CSV that is the whole source may have any name.

- train.csv is `train`, annotations.csv the `warm_up` set, an answer file names its own set;
- test.csv is named by its folder, else by the answer file beside it, else it is `test`;
- a folder called warm_up makes everything below it `warm_up`; the second round, whose answers were
  never published, is `test`.

A set's root is the folder that holds its Images/: the table's own, or the one above Annotations/.
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
    """The tables among all names of a source, each with its set.

    `split` names the set of a source that holds only one; where tables say that they are several
    and one of them is `split`, the answer holds all of them and the caller takes what it wants.
    """
    found = [name for name in names if name.lower().endswith(".csv")]
    tables = found if len(names) == 1 else [name for name in found if _TABLE.search(name)]
    if not tables:
        raise InputError(
            "this is no FashionAI source: expected train.csv, annotations.csv, test.csv or an "
            f"answer CSV, found {', '.join(found[:3]) or 'no CSV'}; a CSV of another name can be "
            "given as the source itself"
        )
    words = {name: _split_of(name, tables) for name in sorted(tables)}
    known = set(words.values())
    if split is not None and split not in known:
        if len(known) > 1:
            said = ", ".join(sorted(word or "one without a name" for word in known))
            raise InputError(f"the source holds no set {split!r}, but several others: {said}")
        return dict.fromkeys(words, split)
    for name, word in words.items():
        if word is None:
            raise InputError(
                f"{name} does not say which set it is: name it with --split, one of "
                + ", ".join(SPLITS)
            )
    return {name: word for name, word in words.items() if word is not None}


def unnamed_tests(splits: Mapping[str, str]) -> list[str]:
    """The tables that are `test` only because nothing said which test set they are."""
    return [
        name
        for name, split in splits.items()
        if split == "test" and _whole_path(name.lower().split("/")) is None
    ]


def table_root(name: str) -> str:
    """The folder beside whose Images/ a table lies."""
    return re.sub(r"(^|/)Annotations$", "", name.rpartition("/")[0])


def picture_root(name: str) -> str | None:
    """The folder that holds Images/, or None for a file that is no picture of this source."""
    match = _PICTURE.match(name)
    return None if match is None else match["root"] or ""


def sets_at(root: str, roots: Mapping[str, set[str]]) -> list[str]:
    """The sets whose pictures may lie in a folder, likeliest first; `roots` are each set's own.

    Those with a table beside it, else the one the folder is named after, else all of them.
    """
    beside = [word for word, folders in roots.items() if root in folders]
    folders = root.lower().split("/")
    named = _whole_path(folders) or _nearest(folders)
    if named is None and any(re.match(r"train([^a-z]|$)", folder) for folder in folders):
        named = "train"
    return beside or ([named] if named is not None and named in roots else list(roots))


def _split_of(name: str, tables: list[str]) -> str | None:
    """The set a table belongs to, by its folders, its name and the answer file beside it."""
    *folders, base = name.lower().removesuffix(".csv").split("/")
    named = _whole_path([*folders, base])
    if named is not None:
        return named
    if base == "annotations":
        return "warm_up"
    if re.match(r"train([^a-z]|$)", base):
        return "train"
    if not re.search(r"(^|[^a-z])(test|answer)s?([^a-z]|$)", base):
        return None
    named = _nearest([*folders, base])
    if named is not None:
        return named
    folder = name.rpartition("/")[0]
    answers = [one for one in tables if "answer" in one.lower() and one != name]
    beside = {_split_of(one, []) for one in answers if one.rpartition("/")[0] == folder}
    return beside.pop() or "test" if len(beside) == 1 else "test"


def _whole_path(parts: list[str]) -> str | None:
    for pattern, word in _OF_THE_WHOLE_PATH:
        if any(pattern.search(part) for part in parts):
            return word
    return None


def _nearest(parts: list[str]) -> str | None:
    """What the last part says that says anything."""
    for part in reversed(parts):
        for pattern, word in _OF_THE_NEAREST:
            if pattern.search(part):
                return word
    return None
