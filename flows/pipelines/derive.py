"""What SQL makes of a release's own tables: pairs, triplets, statistics, verdicts of the checks."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.lake import Lake, Release, Staging
from flows.pipelines.progress import OnProgress, no_progress, waiting
from flows.warehouse import (
    Query,
    Verdict,
    contracts,
    open_warehouse,
    queries,
    query,
    run_checks,
    stream_query,
)
from schemas import TABLES
from schemas.errors import InputError
from schemas.landmark_types import category_rows, landmark_type_rows
from schemas.vocabulary import PAIR_KINDS

PAIR_QUERIES = {
    "positive": "positive_pairs",
    "negative_same_pair": "negative_same_pair",
    "negative_same_category": "negative_same_category",
    "negative_random": "negative_random",
}
"""The file of sql/pairs that makes each kind of pair."""

TRIPLETS = "triplets"

ALL_KINDS = (*PAIR_KINDS, TRIPLETS)


@dataclass(frozen=True)
class PairSettings:
    """Which pair sets a release holds; recorded in its manifest and kept by later ingests.

    Positive pairs are always among them. Triplets are made of the negatives chosen beside them.
    `same_category` restricts `negative_same_pair` to shop items of the query's category.
    """

    kinds: tuple[str, ...] = ("positive",)
    negatives_per_positive: int = 4
    max_per_query: int = 50
    seed: str = "0"
    same_category: bool = False

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(ALL_KINDS)):
            raise InputError(f"there are no pairs {unknown[0]}; kinds are {', '.join(ALL_KINDS)}")
        ordered = tuple(kind for kind in ALL_KINDS if kind == "positive" or kind in self.kinds)
        object.__setattr__(self, "kinds", ordered)
        if ordered == ("positive", TRIPLETS):
            raise InputError("triplets need negatives: name a kind of negative too, or no kind")
        if self.negatives_per_positive < 1 or self.max_per_query < 1:
            raise InputError("negatives per positive and pairs per query are numbers from 1")
        if self.same_category and "negative_same_pair" not in ordered:
            raise InputError("same category restricts negative_same_pair: add that kind")

    @classmethod
    def recorded(cls, parameters: dict[str, Any]) -> "PairSettings":
        """The settings a manifest's parameters hold; the defaults where it holds none."""
        given = dict(parameters.get("pairs", {}))
        return cls(**{**given, "kinds": tuple(given["kinds"])}) if given else cls()

    def for_query(self, asked: Query) -> dict[str, Any]:
        """Those of the settings that a query takes as parameters."""
        return {
            name: value for name, value in asdict(self).items() if name in asked.promises("param")
        }


@dataclass(frozen=True)
class Audit:
    """The verdicts on what is staged."""

    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def blocking(self) -> list[Verdict]:
        """Errors: what our own code guarantees and is not so, and checks that could not run."""
        return [verdict for verdict in self.verdicts if verdict.blocks]

    @property
    def warnings(self) -> list[Verdict]:
        """Oddities of a source that were found."""
        return [one for one in self.verdicts if one.outcome == "warn"]

    def as_records(self) -> list[dict[str, Any]]:
        """Verdicts as the manifest keeps them; how long they took is no property of a release."""
        return [
            {
                "check": one.name,
                "severity": one.severity,
                "rows": one.rows,
                "examples": [{k: _plain(v) for k, v in row.items()} for row in one.examples],
                **({"failure": one.failure} if one.failure else {}),
            }
            for one in self.verdicts
        ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def parameters_of(settings: PairSettings) -> dict[str, Any]:
    """What a manifest records of a derivation: the settings, and which SQL it ran."""
    return {"pairs": {**asdict(settings), "kinds": list(settings.kinds)}, "sql": sql_hash()}


def sql_hash() -> str:
    """A hash over the statements a release is derived with: when it differs, derive again."""
    files = (file for kind in ("statistics", "pairs", "checks") for file in queries(kind))
    texts = [statement.text for statement in (*files, *contracts())]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def derive_into(
    staging: Staging, settings: PairSettings, on_progress: OnProgress = no_progress
) -> Audit:
    """Write pairs, triplets, vocabularies and statistics beside the staged items; run the checks.

    DuckDB spills beside the staged files when memory runs short, and the folder goes with them.
    """
    staging.write_table("categories", category_rows())
    staging.write_table("landmark_types", landmark_type_rows())
    statistics = queries("statistics")
    steps = len(statistics) + 2
    with tempfile.TemporaryDirectory(dir=staging.folder, prefix=".spill-") as spill:
        with open_warehouse(staging.tables(), temp_directory=Path(spill)) as warehouse:
            kinds = [kind for kind in PAIR_KINDS if kind in settings.kinds]
            readers = [_pairs(warehouse, PAIR_QUERIES[kind], settings) for kind in kinds]
            splits = sorted({(part.dataset, part.split) for part in staging.parts.values()})
            schema = TABLES["pairs"].schema
            staging.write_table(
                "pairs",
                pa.RecordBatchReader.from_batches(schema, _by_split(readers, splits, schema)),
            )
        on_progress("derive", 1, steps)
        if TRIPLETS in settings.kinds:
            with open_warehouse(staging.tables(), temp_directory=Path(spill)) as warehouse:
                staging.write_table(TRIPLETS, _pairs(warehouse, TRIPLETS, settings))
        done = count(2)
        for turn in _in_turns(statistics):
            with open_warehouse(staging.tables(), temp_directory=Path(spill)) as warehouse:
                for statistic in turn:
                    staging.write_table(
                        f"statistics/{statistic.name}", stream_query(warehouse, statistic.name)
                    )
                    on_progress("derive", next(done), steps, statistic=statistic.name)
        with open_warehouse(staging.tables(), temp_directory=Path(spill)) as warehouse:
            # The statistics were computed from these very files a moment ago: computing them again
            # finds nothing and takes as long. `wardrobe check` compares them.
            parts = unchecked_parts(staging)
            audit = Audit(run_checks(warehouse, statistics=False, parts=parts))
        on_progress("derive", steps, steps)
    return audit


def unchecked_parts(staging: Staging) -> dict[str, list[Path]] | None:
    """The files of the parts whose contracts have to be checked, by table; None means all parts.

    Linked parts met the same contracts when the parent was published, unless the SQL has changed
    since. All rows of an image are in one part, so what holds in each part holds in the release.
    """
    parent = staging.parent
    if parent is None or parent.manifest.parameters.get("sql") != sql_hash():
        return None
    return staging.changed_tables() | {"categories": staging.files("categories")}


def _in_turns(statistics: Sequence[Query]) -> list[list[Query]]:
    """Those that read other statistics after these, which then are stored and not made again."""
    names = {one.name for one in statistics}
    own = [one for one in statistics if not names & set(one.reads)]
    rest = [one for one in statistics if one not in own]
    return [own, *_in_turns(rest)] if own and rest else [list(statistics)]


def _pairs(warehouse: Any, name: str, settings: PairSettings) -> pa.RecordBatchReader:
    return stream_query(warehouse, name, settings.for_query(query(name)))


def _by_split(
    readers: Sequence[pa.RecordBatchReader], splits: Iterable[tuple[str, str]], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Rows of all readers, split after split; each reader is sorted by data set and split."""
    waiting: list[pa.Table] = [schema.empty_table() for _ in readers]
    for dataset, split in splits:
        for place, reader in enumerate(readers):
            while True:
                rows = waiting[place]
                here = pc.and_(pc.equal(rows["dataset"], dataset), pc.equal(rows["split"], split))
                count = pc.sum(here).as_py() or 0
                yield from rows.slice(0, count).select(schema.names).cast(schema).to_batches()
                waiting[place] = rows.slice(count)
                if waiting[place].num_rows:
                    break
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                waiting[place] = pa.Table.from_batches([batch])


def derive(
    lake: Path,
    settings: PairSettings | None = None,
    *,
    wait: bool = False,
    on_progress: OnProgress = no_progress,
) -> tuple[Release, Audit, bool]:
    """Make a new release of the current one's parts with its derived tables made anew.

    Returns the release, the verdicts, and whether it was published: not when a check blocks it,
    and the same release comes back when nothing changed. Raises InputError without a release.
    """
    if Lake(lake).parent() is None:
        raise InputError(f"there is no release in {lake} to derive from: ingest a source first")
    with Lake(lake).writing(wait=wait, waiting=waiting(on_progress)) as staging:
        parent = staging.parent
        if parent is None:
            raise InputError(f"the release in {lake} was deleted meanwhile: ingest a source first")
        chosen = settings or PairSettings.recorded(parent.manifest.parameters)
        staging.link(parent.manifest.parts)
        audit = derive_into(staging, chosen, on_progress)
        if audit.blocking:
            return parent, audit, False
        release = staging.publish(parameters=parameters_of(chosen), checks=audit.as_records())
        return release, audit, release.id != parent.id
