"""Plan of an ingest: arranged members and the parent's manifest come in, parts to build go out."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.lake.fingerprint import fingerprint, reason
from flows.lake.part_members import MembersFile, gather_parts, read_members_of_part
from flows.release.manifest import Manifest, part_name
from schemas.datasets import PART_SIZE
from schemas.errors import InputError

LOSS_LIMIT = 0.05
REFUSAL_LIMIT = 0.01

USUAL_PARTS = 2_048
"""A new source with more parts than this gets larger ones: each part is five files or more."""

MEMBERS_OF_AN_IMAGE = 2
"""A document and a picture."""

IGNORED_NAMED = 3
"""Ignored members that a plan names; it counts the others."""


@dataclass(frozen=True)
class Part:
    """A bucket of images of one split: some documents in, one file per table out.

    It travels to another process without its members: they are a batch of a file there. `rows` is
    their number.
    """

    dataset: str
    split: str
    number: int
    fingerprint: str
    rows: int
    file: Path = field(compare=False, repr=False)
    batch: int = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """Its name in manifests and messages: `deepfashion2/train/00000`."""
        return part_name(self.dataset, self.split, self.number)

    def read_members(self) -> pa.Table:
        """Its rows of schemas.source.ARRANGED."""
        return read_members_of_part(self.file, self.batch)


@dataclass(frozen=True)
class Plan:
    """What an ingest of one data set has to do.

    `changed` parts are to be built, `unchanged` ones linked (names, with those of retained
    splits), `removed_parts` have no members any more. `reasons` says why for every changed and
    removed part. `retained_splits` left the source but stay in the lake. `images` counts the
    images by split, as far as member names say (else None). `ignored` members are not part of the
    data set; `ignored_names` are the first ones by name.
    """

    dataset: str
    changed: tuple[Part, ...]
    unchanged: tuple[str, ...]
    removed_parts: tuple[str, ...]
    reasons: dict[str, str]
    retained_splits: tuple[str, ...]
    images: dict[str, int | None]
    ignored: int = 0
    ignored_names: tuple[str, ...] = ()


def part_size(members: int) -> int:
    """Image numbers of a part for a source with so many members: PART_SIZE x 2^k."""
    size = PART_SIZE
    while members > USUAL_PARTS * MEMBERS_OF_AN_IMAGE * size:
        size *= 2
    return size


def plan_parts(
    dataset: str,
    arranged: Iterable[pa.Table],
    folder: Path,
    *,
    versions: Mapping[str, int],
    options: str = "",
    parent: Manifest | None = None,
    splits: Collection[str] | None = None,
    prune: bool = False,
    size: int = PART_SIZE,
    members: int = 0,
) -> Plan:
    """Group arranged members (schemas.source.ARRANGED) into parts and compare them with the lake.

    The members of changed parts are written into `folder`, for as long as the parts are built.
    `members` is about how many there are; memory does not grow with them. `versions` are those of
    the code that builds a part, `options` is what else decides about the rows, as text. `splits`
    restricts the plan: others stay as they are. `prune` removes splits that the source no longer
    has. `size` is the part size. InputError for a split that neither the source nor the parent has.
    """
    before = {
        name: part
        for name, part in (parent.parts if parent else {}).items()
        if part.dataset == dataset
    }
    stream = _MemberStream(arranged, splits)
    numbers = size // PART_SIZE
    changed: list[Part] = []
    unchanged: set[str] = set()
    images: dict[str, int | None] = {}
    tables = gather_parts(stream, folder, rows=members, numbers=numbers)
    for place, table in enumerate(tables):
        with MembersFile(folder / f"members-{place}") as file:
            for split, number, rows in _parts(table, numbers):
                text = fingerprint(rows, versions=versions, options=options)
                _add_images(images, split, rows)
                name = part_name(dataset, split, number)
                if name in before and before[name].fingerprint == text:
                    unchanged.add(name)
                else:
                    batch = file.add(rows)
                    part = Part(dataset, split, number, text, len(rows), file.path, batch)
                    changed.append(part)
    changed.sort(key=lambda part: (part.split, part.number))
    available = stream.splits | {part.split for part in before.values()}
    if unknown := sorted(set(splits or ()) - available):
        raise InputError(
            f"this {dataset} source has no split {', '.join(unknown)}: "
            f"it has {', '.join(sorted(available)) or 'none at all'}."
        )

    reasons = {
        part.name: reason(
            part.fingerprint, before[part.name].fingerprint if part.name in before else None
        )
        for part in changed
    }
    absent = {
        name: part.split
        for name, part in before.items()
        if name not in unchanged and name not in reasons
    }
    planned = {split for split in absent.values() if splits is None or split in splits}
    retained = set() if prune else planned - images.keys()
    removed = {name for name, split in absent.items() if split in planned - retained}
    return Plan(
        dataset=dataset,
        changed=tuple(changed),
        unchanged=tuple(sorted(unchanged | (absent.keys() - removed))),
        removed_parts=tuple(sorted(removed)),
        reasons=reasons | dict.fromkeys(sorted(removed), "no members any more"),
        retained_splits=tuple(sorted(retained)),
        images=dict(sorted(images.items())),
        ignored=stream.ignored,
        ignored_names=stream.ignored_names,
    )


class _MemberStream:
    """Arranged members without ignored ones, of the chosen splits; counts what passes."""

    def __init__(self, arranged: Iterable[pa.Table], chosen: Collection[str] | None) -> None:
        self._arranged = arranged
        self._chosen = chosen
        self.splits: set[str] = set()
        self.ignored = 0
        self.ignored_names: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self._arranged:
            is_ignored = pc.equal(table["role"], "ignored")
            ignored = table.filter(is_ignored)
            if len(ignored):
                self.ignored += len(ignored)
                first = ignored.sort_by("name")["name"][:IGNORED_NAMED].to_pylist()
                self.ignored_names = tuple(sorted([*self.ignored_names, *first])[:IGNORED_NAMED])
                table = table.filter(pc.invert(is_ignored))
            self.splits.update(pc.unique(table["split"]).to_pylist())
            if self._chosen is not None:
                chosen = pa.array(list(self._chosen), pa.string())
                table = table.filter(pc.is_in(table["split"], chosen))
            yield table


def _parts(rows: pa.Table, numbers: int) -> Iterator[tuple[str, int, pa.Table]]:
    """Split, number and members of each part; rows come by split and part."""
    codes = rows["split"].combine_chunks().dictionary_encode().indices.to_numpy()
    number = rows["part"].to_numpy() // numbers
    edges = np.flatnonzero((np.diff(codes) != 0) | (np.diff(number) != 0)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(rows)], strict=True):
        yield rows["split"][start].as_py(), int(number[start]), rows.slice(start, end - start)


def _add_images(images: dict[str, int | None], split: str, members: pa.Table) -> None:
    """Add the images of a part as far as names say; None where a table file holds them."""
    total, roles = images.setdefault(split, 0), members["role"]
    if total is None or pc.any(pc.equal(roles, "table")).as_py():
        images[split] = None
        return
    own = members.filter(pc.is_in(roles, pa.array(["document", "picture"])))
    images[split] = total + pc.count_distinct(own["image_id"]).as_py()


def shrunk_splits(
    before: Mapping[str, Mapping[str, int]],
    after: Mapping[str, int | None],
    *,
    what: str = "images",
    allow: Collection[str] = (),
) -> dict[str, str]:
    """A sentence by split for those that lose over 5 % of their images (or of `what`).

    `allow` names splits that may. `before` is `Manifest.split_counts`; `after` is `Plan.images`
    before building, or the counts afterwards. Splits that are not in `after` (retained, or pruned
    on purpose) and counts that are not known yet (None) pass.
    """
    problems = {}
    for split, count in sorted(after.items()):
        was = before.get(split, {}).get(what, 0)
        if count is not None and split not in allow and count < was * (1 - LOSS_LIMIT):
            lost = f"{100 * (was - count) / was:.1f} % of its {what}"
            problems[split] = f"{split} would lose {lost} ({was} to {count})"
    return problems


def refused_splits(
    after: Mapping[str, Mapping[str, int]],
    *,
    before: Mapping[str, Mapping[str, int]] | None = None,
    allow: Collection[str] = (),
) -> dict[str, str]:
    """A sentence by split for those with over 1 % of their documents refused.

    `allow` names splits that may. Both are counts by split. A split whose share did not grow since
    `before` passes: it was allowed then.
    """

    def share(counts: Mapping[str, int]) -> float:
        return counts.get("documents_refused", 0) / max(counts.get("documents_read", 0), 1)

    problems = {}
    for split, counts in sorted(after.items()):
        limit = max(REFUSAL_LIMIT, share((before or {}).get(split, {})))
        if split not in allow and share(counts) > limit:
            numbers = f"({counts['documents_refused']} of {counts['documents_read']})"
            percent = f"{100 * share(counts):.1f} %"
            problems[split] = f"{split} has {percent} of its documents refused {numbers}"
    return problems
