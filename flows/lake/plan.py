"""Plan of an ingest: arranged members and the parent's manifest come in, parts to build go out."""

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

    `members` are its rows of schemas.source.ARRANGED, copied, so that a part travels to another
    process without the rest of the source.
    """

    dataset: str
    split: str
    number: int
    fingerprint: str
    members: pa.Table = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """Its name in manifests and messages: `deepfashion2/train/00000`."""
        return f"{self.dataset}/{self.split}/{self.number:05d}"


@dataclass(frozen=True)
class Plan:
    """What an ingest of one data set has to do.

    `changed` parts are to be built, `unchanged` ones linked (names, with those of retained
    splits), `removed_parts` have no members any more. `reasons` says why for every changed and
    removed part. `retained_splits` left the source but stay in the lake. `images` counts the
    images by split, as far as member names say (else None).
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
    `options` is what else decides about the rows, as text. `splits` restricts the plan: others
    stay as they are. `prune` removes splits that the source no longer has.
    InputError for a split that neither the source nor the parent has.
    """
    before = {
        name: part
        for name, part in (parent.parts if parent else {}).items()
        if part.dataset == dataset
    }
    parts = {part.name: part for part in _group(dataset, arranged, versions, options, splits)}
    present = {part.split for part in parts.values()}
    available = {part.split for part in before.values()}
    available |= set(pc.unique(arranged["split"]).to_pylist())
    if unknown := sorted(set(splits or ()) - available):
        raise InputError(
            f"this {dataset} source has no split {', '.join(unknown)}: "
            f"it has {', '.join(sorted(available)) or 'none at all'}."
        )

    reasons = {
        name: reason(part.fingerprint, before[name].fingerprint if name in before else None)
        for name, part in parts.items()
        if name not in before or part.fingerprint != before[name].fingerprint
    }
    absent = {name: part.split for name, part in before.items() if name not in parts}
    planned = {split for split in absent.values() if splits is None or split in splits}
    retained = set() if prune else planned - present
    removed = {name for name, split in absent.items() if split in planned - retained}
    return Plan(
        dataset=dataset,
        changed=tuple(parts[name] for name in reasons),
        unchanged=tuple(sorted((parts.keys() - reasons.keys()) | (absent.keys() - removed))),
        removed_parts=tuple(sorted(removed)),
        reasons=reasons | dict.fromkeys(sorted(removed), "no members any more"),
        retained_splits=tuple(sorted(retained)),
        images=_images_by_split(parts.values()),
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
    split = arranged["split"].combine_chunks().dictionary_encode().indices.to_numpy()
    number = arranged["part"].to_numpy()
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
    """Images of each split as far as names say; None where a table file holds them."""
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
