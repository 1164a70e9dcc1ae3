"""Derived tables of a release: pairs, triplets and statistics by SQL, and the checks' verdicts."""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.lake import PART_COUNTS, Staging, open_lake
from flows.pipelines.audit import Audit
from flows.pipelines.changed_parts import VOCABULARIES, PartChanges, all_parts, part_changes
from flows.pipelines.failures import recorded_run
from flows.pipelines.outcome import PublicationBlocked, Summary, published, unchanged
from flows.pipelines.progress import OnProgress, no_progress, report_waiting
from flows.release.verdict import Verdict, recorded_verdict
from flows.storage.place import Place
from flows.warehouse import (
    Engine,
    Files,
    PartVerdicts,
    Query,
    add_up,
    all_part_counts,
    contracts,
    count_by_part,
    counted_by_part,
    dependency_levels,
    least_memory,
    open_warehouse,
    queries,
    query,
    renew,
    run_checks,
    stream_query,
)
from schemas import TABLES
from schemas.errors import InputError
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import PAIR_KINDS

TRIPLETS = "triplets"

MOST_PAIRS = 1_000_000
"""Of one query and kind: above it, products of these numbers overflow in SQL."""

ALL_KINDS = (*PAIR_KINDS, TRIPLETS)


@dataclass(frozen=True)
class PairSettings:
    """The pair sets of a release; recorded in its manifest and kept by later ingests.

    Positive pairs are always included. Triplets combine them with the chosen kinds of negatives.
    `same_category` restricts `negative_same_pair` to shop items of the query's category.
    """

    kinds: tuple[str, ...] = ("positive",)
    negatives_per_positive: int = 4
    max_per_query: int = 50
    max_positives: int = 1_000
    seed: str = "0"
    same_category: bool = False

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(ALL_KINDS)):
            raise InputError(
                f"unknown kind of pairs {unknown[0]}: the kinds are {', '.join(ALL_KINDS)}"
            )
        ordered = tuple(kind for kind in ALL_KINDS if kind == "positive" or kind in self.kinds)
        object.__setattr__(self, "kinds", ordered)
        if ordered == ("positive", TRIPLETS):
            raise InputError("triplets need negatives: name a kind of negative too, or no kind")
        for number in (self.negatives_per_positive, self.max_per_query, self.max_positives):
            if not 1 <= number <= MOST_PAIRS:
                raise InputError(
                    "negatives per positive, pairs per query and positives per query are numbers "
                    f"from 1 to {MOST_PAIRS:,}, not {number:,}"
                )
        if self.same_category and "negative_same_pair" not in ordered:
            raise InputError("same category restricts negative_same_pair: add that kind")

    @classmethod
    def recorded(cls, parameters: Mapping[str, Any]) -> "PairSettings":
        """The settings that a manifest's parameters record; the defaults if they record none.

        Raises InputError for a setting of a newer version, which would be lost.
        """
        settings = parameters.get("pairs", {})
        if unknown := sorted(settings.keys() - asdict(cls()).keys()):
            raise InputError(
                f"the release has an unknown setting of pairs, {unknown[0]}: use a newer wardrobe, "
                "or set them again with `wardrobe pairs build`"
            )
        return cls(**{**settings, "kinds": tuple(settings["kinds"])}) if settings else cls()

    def for_query(self, query: Query, pair_kind: str) -> dict[str, Any]:
        """Those of the settings, and the kind of pairs, that a query takes as parameters."""
        values = {**asdict(self), "pair_kind": pair_kind}
        return {name: values[name] for name in query.param_names}


def parameters_of(settings: PairSettings) -> dict[str, Any]:
    """What a manifest records of a derivation: the settings, and a hash of the SQL."""
    return {"pairs": {**asdict(settings), "kinds": list(settings.kinds)}, "sql": sql_hash()}


def sql_hash() -> str:
    """A hash of the queries that derive and check a release, and of what is kept for the next one.

    When it differs, everything is derived again.
    """
    files = (query for kind in ("statistics", "pairs", "checks") for query in queries(kind))
    texts = [f"{query.text} {query.examines}" for query in (*files, *contracts())]
    texts += [check.name for check in counted_by_part()]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def derive_into(
    staging: Staging,
    settings: PairSettings,
    on_progress: OnProgress = no_progress,
    engine: Engine = open_warehouse,
    *,
    reuse: bool = True,
) -> Audit:
    """Write vocabularies, pairs, triplets and statistics into the staged release; run the checks.

    With `reuse`, results of unchanged rows are those of the parent. DuckDB spills what exceeds
    `least_memory` into a folder in staging. Raises PublicationBlocked when a check finds an error.
    """
    staging.write_table("categories", category_rows())
    staging.write_table("landmark_types", landmark_type_rows())
    stages = _stages(settings)
    steps, step = sum(map(len, stages)) + 1, count(1)
    values = asdict(settings)
    changes = part_changes(staging, sql_hash(), values) if reuse else all_parts(staging)
    with ExitStack() as opened:
        folder = TemporaryDirectory(dir=staging.folder, prefix=".spill-")
        spill = Path(opened.enter_context(folder))

        def open_files(files: Files, **options: bool) -> Any:
            files = {**files, **{name: staging.files(name) for name in VOCABULARIES}}
            warehouse = engine(
                files, only=TABLES, memory_limit=least_memory(), temp_directory=spill, **options
            )
            return opened.enter_context(warehouse)

        @cache
        def open_parts(parts: frozenset[str]) -> Any:
            if parts == staging.parts.keys():
                return warehouse
            return open_files(staging.part_files(parts))

        files = staging.tables()
        warehouse = open_files(files)
        after = open_parts(changes.parts)
        before = None if changes.before is None else open_files(changes.before)

        def rows_of(derived: Query, table: str, number: int) -> Any:
            stored = None
            if before is not None and derived.scope == "sum":
                stored = staging.stored_rows(table)
            if before is not None and stored is not None:
                return add_up(derived, stored, before, after)
            parameters = settings.for_query(derived, pair_kind=PAIR_KINDS[number])
            return stream_query(warehouse, derived.name, parameters)

        for stage in stages:
            for table, name, number in stage:
                derived = query(name)
                if not (changes.has_result(derived) and staging.link_table(table, number)):
                    staging.write_table(table, rows_of(derived, table, number), number)
                on_progress("derive", next(step), steps, table=table)
            # The next stage reads what this one has written.
            files |= {table: staging.files(table) for table, _, _ in stage}
            renew(warehouse, files, {table for table, _, _ in stage})
        by_part = open_files(staging.part_files(changes.parts), by_part=True)
        counts, failures = count_by_part(by_part)
        counts = all_part_counts(changes.kept, counts)
        staging.write_table(PART_COUNTS, counts)
        # The statistics were computed from these files a moment ago: to compute them again takes
        # as long and finds nothing. `wardrobe check` compares them.
        audit = Audit(
            run_checks(
                warehouse,
                statistics=False,
                settings=values,
                kept=_kept_verdicts(staging, changes),
                parts=PartVerdicts(after, counts, failures, open_parts),
            )
        )
        on_progress("derive", next(step), steps)
    if audit.errors:
        raise PublicationBlocked(audit.errors)
    return audit


def _kept_verdicts(staging: Staging, changes: PartChanges) -> dict[str, Verdict]:
    """The parent's verdicts of checks and contracts whose rows are the parent's, by name."""
    recorded = staging.parent.manifest.checks if staging.parent else []
    records = {record["check"]: record for record in recorded if "examined" in record}
    return {
        check.name: replace(
            recorded_verdict(records[check.name]),
            title=check.title,
            lacks=check.examines.lacks if check.examines else "",
        )
        for check in (*queries("checks"), *contracts())
        if check.name in records and changes.has_result(check)
    }


def _stages(settings: PairSettings) -> list[list[tuple[str, str, int]]]:
    """Table, query and file number of what is derived; a stage reads what earlier ones wrote."""
    pairs = [
        ("pairs", "positive_pairs" if kind == "positive" else "negative_pairs", number)
        for number, kind in enumerate(PAIR_KINDS)
        if kind in settings.kinds
    ]
    triplets = [[(TRIPLETS, TRIPLETS, 0)]] if TRIPLETS in settings.kinds else []
    levels = dependency_levels(queries("statistics"))
    return [
        pairs,
        *triplets,
        *([(f"statistics/{query.name}", query.name, 0) for query in level] for level in levels),
    ]


def derive(
    lake: str | Place,
    settings: PairSettings | None = None,
    *,
    wait: bool = False,
    on_progress: OnProgress = no_progress,
    engine: Engine = open_warehouse,
) -> Summary:
    """Publish a release of the current parts with rebuilt derived tables, if these differ.

    `settings` default to those of the current release; without them everything is computed from
    the tables, with them results of the current release are used again. `engine` runs the SQL.
    Raises InputError without a release and PublicationBlocked when a check finds an error.
    """
    opened = open_lake(lake)
    if opened.parent() is None:
        raise InputError(f"{lake} has no release to derive from: ingest a source first")
    waiting = report_waiting(on_progress)
    with recorded_run(opened), opened.writing(wait=wait, waiting=waiting) as staging:
        parent = staging.parent
        if parent is None:
            raise InputError(f"the release in {lake} was deleted meanwhile: ingest a source first")
        reuse = settings is not None
        settings = settings or PairSettings.recorded(parent.manifest.parameters)
        staging.link(parent.manifest.parts)
        audit = derive_into(staging, settings, on_progress, engine, reuse=reuse)
        release = staging.publish(parameters=parameters_of(settings), checks=audit.as_records())
    return unchanged(release) if release.id == parent.id else published(release, audit)
