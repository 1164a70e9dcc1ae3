"""Which members form which part, which parts changed and why; the same answer every time."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.lake.fingerprint import fingerprint, reason
from flows.release.manifest import Manifest
from schemas.errors import InputError

LOSS_LIMIT = 0.05
REFUSAL_LIMIT = 0.01


@dataclass(frozen=True)
class Part:
    """A bucket of images of one split: some documents in, one file per table out.

    `members` are its rows of schemas.source.ARRANGED, a copy of their own, so that a part travels
    to another process without the rest of the source.
    """

    dataset: str
    split: str
    number: int
    fingerprint: str
    members: pa.Table = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """`deepfashion2/train/00000`."""
        return part_name(self.dataset, self.split, self.number)


def part_name(dataset: str, split: str, number: int) -> str:
    """The name of a part in manifests and messages."""
    return f"{dataset}/{split}/{number:05d}"


@dataclass(frozen=True)
class Plan:
    """What an ingest of one data set has to do.

    `changed` parts are to be built, `unchanged` ones linked (names, those of kept splits among
    them), `vanished` ones have no members any more and leave. `reasons` says why for every
    changed and vanished part. `kept_splits` are no longer in the source and stay nevertheless.
    `images` counts the images by split, as far as member names tell (else None).
    """

    dataset: str
    changed: tuple[Part, ...]
    unchanged: tuple[str, ...]
    removed_parts: tuple[str, ...]
    reasons: dict[str, str]
    retained_splits: tuple[str, ...]
    images: dict[str, int | None]


def plan_parts(
    dataset: str,
    arranged: pa.Table,
    *,
    versions: Mapping[str, int],
    options: str = "",
    parent: Manifest | None = None,
    splits: Collection[str] | None = None,
    prune: bool = False,
) -> Plan:
    """Group arranged members (schemas.source.ARRANGED) into parts and compare them with the lake.

    Members keep their order within a part. `versions` are those of the code that builds a part,
    `options` is whatever else decides about the rows, as text. `splits` restricts
    the plan: others stay as they are. `prune` lets splits go that the source no longer has.
    """
    before = {
        name: part
        for name, part in (parent.parts if parent else {}).items()
        if part.dataset == dataset
    }
    parts = {part.name: part for part in _group(dataset, arranged, versions, options, splits)}
    present = {part.split for part in parts.values()}
    listed = set(pc.unique(arranged["split"]).to_pylist())
    _require_splits(splits, listed | {part.split for part in before.values()}, dataset)

    changed, unchanged, removed_parts, kept = [], [], [], set()
    reasons: dict[str, str] = {}
    for name, part in parts.items():
        was = before.get(name)
        if was is not None and was.fingerprint == part.fingerprint:
            unchanged.append(name)
        else:
            changed.append(part)
            reasons[name] = reason(part.fingerprint, was.fingerprint if was else None)
    for name, was in before.items():
        if name in parts:
            continue
        if splits is not None and was.split not in splits:
            unchanged.append(name)
        elif was.split not in present and not prune:
            unchanged.append(name)
            kept.add(was.split)
        else:
            removed_parts.append(name)
            reasons[name] = "no members any more"
    return Plan(
        dataset=dataset,
        changed=tuple(changed),
        unchanged=tuple(sorted(unchanged)),
        removed_parts=tuple(sorted(removed_parts)),
        reasons=reasons,
        retained_splits=tuple(sorted(kept)),
        images=_images_by_split(parts.values()),
    )


def _require_splits(wanted: Collection[str] | None, known: set[str], dataset: str) -> None:
    if unknown := sorted(set(wanted or ()) - known):
        raise InputError(
            f"this {dataset} source has no split {', '.join(unknown)}: "
            f"it has {', '.join(sorted(known)) or 'none at all'}."
        )


def _group(
    dataset: str,
    arranged: pa.Table,
    versions: Mapping[str, int],
    options: str,
    splits: Collection[str] | None,
) -> list[Part]:
    """The parts of an arrangement, by split and number; vectorised, no Python object per member."""
    if splits is not None:
        arranged = arranged.filter(pc.is_in(arranged["split"], pa.array(list(splits), pa.string())))
    if not arranged.num_rows:
        return []
    arranged = arranged.combine_chunks()
    split = (
        pc.dictionary_encode(arranged["split"].combine_chunks()).indices.to_numpy().astype(np.int64)
    )
    number = arranged["part"].to_numpy().astype(np.int64)
    order = np.lexsort((number, split))  # stable: members keep their order within a part
    split, number = split[order], number[order]
    edges = np.flatnonzero((np.diff(split) != 0) | (np.diff(number) != 0)) + 1
    parts = []
    for rows in np.split(order, edges):
        # A copy, because a slice would be pickled with the whole source behind it.
        members = arranged.take(pa.array(rows)).combine_chunks()
        parts.append(
            Part(
                dataset=dataset,
                split=members["split"][0].as_py(),
                number=members["part"][0].as_py(),
                fingerprint=fingerprint(members, versions=versions, options=options),
                members=members,
            )
        )
    return sorted(parts, key=lambda part: (part.split, part.number))


def _images_by_split(parts: Iterable[Part]) -> dict[str, int | None]:
    """Images of each split as far as names tell; None where a table file holds them."""
    totals: dict[str, int | None] = {}
    for part in parts:
        total = totals.setdefault(part.split, 0)
        roles = part.members["role"]
        if total is None or pc.any(pc.equal(roles, "table")).as_py():
            totals[part.split] = None
            continue
        own = part.members.filter(pc.is_in(roles, pa.array(["document", "picture"])))
        totals[part.split] = total + pc.count_distinct(own["image_id"]).as_py()
    return totals


@dataclass(frozen=True)
class Shrunk:
    """A split that would lose too much: images, or what else is counted, before and after."""

    split: str
    before: int
    after: int
    what: str = "images"

    def __str__(self) -> str:
        lost = 100 * (self.before - self.after) / self.before
        numbers = f"({self.before} to {self.after})"
        return f"{self.split} would lose {lost:.1f} % of its {self.what} {numbers}"


@dataclass(frozen=True)
class Refused:
    """A split of which too many documents were refused."""

    split: str
    refused: int
    read: int

    def __str__(self) -> str:
        share = f"{100 * self.refused / self.read:.1f} %"
        return f"{self.split} has {share} of its documents refused ({self.refused} of {self.read})"


def shrunk_splits(
    before: Mapping[str, Mapping[str, int]],
    after: Mapping[str, int | None],
    *,
    what: str = "images",
    allow: Collection[str] = (),
) -> list[Shrunk]:
    """Splits that lose over 5 % of their images (or of `what`) and are not allowed to by name.

    `before` is `Manifest.split_counts`; `after` is `Plan.images` before building, or what was
    counted afterwards. Splits that are not in `after` are not spoken of (kept, or pruned on
    purpose), unknown counts (None) wait for the second look.
    """
    return [
        Shrunk(split, before[split].get(what, 0), count, what)
        for split, count in sorted(after.items())
        if count is not None
        and split in before
        and split not in allow
        and count < before[split].get(what, 0) * (1 - LOSS_LIMIT)
    ]


def refused_splits(
    after: Mapping[str, Mapping[str, int]],
    *,
    before: Mapping[str, Mapping[str, int]] | None = None,
    allow: Collection[str] = (),
) -> list[Refused]:
    """Splits with over 1 % of their documents refused, unless allowed by name.

    Both are counts by split. A split whose share is no larger than it was `before` passes: it
    was allowed then.
    """

    def share(counts: Mapping[str, int]) -> float:
        return counts.get("documents_refused", 0) / max(counts.get("documents_read", 0), 1)

    return [
        Refused(split, counts["documents_refused"], counts["documents_read"])
        for split, counts in sorted(after.items())
        if split not in allow
        and share(counts) > max(REFUSAL_LIMIT, share((before or {}).get(split, {})))
    ]
