"""The queries of sql/: each file with its header read into a Query, and its parameters typed.

A header is the block of `--` lines at the top of a file: a title sentence, the rule in prose, then
fields. Continuation lines are indented further than the word they continue.

    -- Titles are one sentence.
    --
    -- Prose, any number of lines; exports may have none.
    --
    -- reads     images, items                      tables, views or statistics, every one it names
    -- param     seed: text; default 0: what it does       also: `seed: text: ...`, required
    -- scope     sum                                of pairs, statistics, checks: what is read again
    --                                              when parts change, `part`, `sum` or `whole`
    -- grain     dataset, split                     what makes a row unique
    -- column    share: what it holds               result columns, in order
    -- column    category_id, items                 these mean what schemas/ declares; so do columns
    --                                              of the grain without a line: they come first
    -- unit      share: part if measure=area        of these columns: share (0 to 1), bytes or px;
    --                                              `if`: only in the rows that have this word
    -- plot      bar x=items y=category_name        statistics only, repeatable: how to draw it
    -- severity  error                              checks only: error or warn
    -- action    Ingest again.                      checks only: what to do about the rows
    -- examines  items where style is not null      checks only: the rows that the rule is about
    -- needs     style > 0: a style                 of these the check can examine those that meet
    --                                              the condition; the others lack `a style`

A parameter is `text`, `integer` (from 0), `flag` (true or false) or some words: `user | shop`.

A plot is a kind, then columns by channel. `bar` (x: value, y: names), `stack` (the same, divided
into shares by `color`), `column` (x: whole numbers, y: value), `histogram` (x and x2: the edges of
a bin, y: value). Each may have `color`, a series for each of its words, and `facet`, a plot for
each; `group` puts facets under headings. Values of rows that differ in other columns are added up.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from flows.warehouse.examined_rows import Examined, parse_examined
from flows.warehouse.parameters import Param, parse_param
from schemas import TABLES
from schemas.errors import InputError, did_you_mean
from schemas.predictions import PREDICTIONS

INTERNAL_KINDS = ("coco", "training", "report", "evaluation")
"""The folders of sql/ that exports, the report and evaluations read: of little use to people."""

KINDS = ("views", "statistics", "pairs", "checks", *INTERNAL_KINDS)
"""The folders of sql/."""

SEVERITIES = ("error", "warn")

SCOPES = {"pairs": ("whole",), "statistics": ("sum", "whole"), "checks": ("part", "whole")}
"""`part`: a check about single images, whose rows are all in one part: its results are those of
each part. `sum`: all columns outside the grain are counts or exact sums: those of parts add up; its
rows are in the order of the grain, nulls first, as added up rows are. `whole`: made of all rows."""

UNITS = ("share", "bytes", "px")

_CHANNELS = {
    "bar": {"x", "y"},
    "stack": {"x", "y", "color"},
    "column": {"x", "y"},
    "histogram": {"x", "x2", "y"},
}
"""The channels that each kind of plot needs."""
_OPTIONAL_CHANNELS = {"color", "facet", "group"}


class Plot(NamedTuple):
    """How a statistic is drawn: a kind of plot, and the column in each of its channels."""

    kind: str
    channels: Mapping[str, str]


@dataclass(frozen=True)
class Query:
    """One file of sql/: its header, field by field, and its whole text."""

    name: str
    kind: str
    title: str
    prose: str
    reads: tuple[str, ...]
    params: tuple[Param, ...]
    grain: tuple[str, ...]
    columns: Mapping[str, str]
    severity: str | None
    text: str = field(repr=False)
    action: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    units_if: Mapping[str, str] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    examines: Examined | None = None
    scope: str = ""

    @property
    def param_names(self) -> tuple[str, ...]:
        """The names of the parameters, in the header's order."""
        return tuple(param.name for param in self.params)

    @property
    def reads_predictions(self) -> bool:
        """Whether it reads predictions too, so that a release alone does not have its tables."""
        return not PREDICTIONS.keys().isdisjoint(self.reads)

    def values(self, arguments: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Each parameter with its value: the argument, checked and typed, else the default."""
        arguments = arguments or {}
        for name in arguments:
            if name not in self.param_names:
                names = ", ".join(self.param_names) or "none"
                raise InputError(f"query {self.name} has no parameter {name!r}; it takes: {names}.")
        values = {}
        for param in self.params:
            if param.name not in arguments and param.default is None:
                raise InputError(
                    f"query {self.name} needs {param.name} ({param.type}): {param.doc}."
                )
            values[param.name] = param.value(arguments.get(param.name, param.default))
        return values


def sql_folder() -> Traversable:
    """sql/ in the wheel, or the repository's folder when run from source."""
    shipped = files("flows") / "_sql"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "sql"


def query(name: str) -> Query:
    """The query of that name. InputError suggests the nearest name when it does not exist."""
    by_name = _queries_by_name()
    if name in by_name:
        return by_name[name]
    hint = did_you_mean(name, by_name, "`wardrobe query` lists them.")
    raise InputError(f"query {name!r} does not exist; {hint}")


def queries(kind: str | None = None) -> list[Query]:
    """All queries, or those of one folder of sql/, sorted by name."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"no kind of query {kind!r}: one of {', '.join(KINDS)}")
    return [query for query in _queries_by_name().values() if kind in (None, query.kind)]


@cache
def _queries_by_name() -> dict[str, Query]:
    by_name: dict[str, Query] = {}
    for kind in KINDS:
        for file in (sql_folder() / kind).iterdir():
            name = file.name.removesuffix(".sql")
            if name == file.name:
                continue
            if name in by_name:
                raise ValueError(f"two queries are called {name}: {by_name[name].kind} and {kind}")
            by_name[name] = parse_query(name, kind, file.read_text(encoding="utf-8"))
    return dict(sorted(by_name.items()))


_FIELD = re.compile(
    r"(reads|param|scope|grain|column|unit|plot|severity|action|examines|needs)  +(.*)"
)


def parse_query(name: str, kind: str, text: str) -> Query:
    """A file's text as a Query. ValueError when the header breaks the grammar above."""
    paragraphs, fields = _header(text)
    lines = {word: [rest for other, rest in fields if other == word] for word, _ in fields}
    if not paragraphs or not {"reads", "grain"} <= lines.keys():
        raise ValueError(f"sql/{kind}/{name}.sql: a header needs a title, reads and grain")
    for word in ("severity", "action", "examines"):
        if (word in lines) != (kind == "checks"):
            raise ValueError(f"sql/{kind}/{name}.sql: {word} is for checks, and each has it")
    scope = " ".join(lines.get("scope", ()))
    if scope not in SCOPES.get(kind, ("",)):
        allowed = " or ".join(SCOPES.get(kind, ["absent"]))
        raise ValueError(f"sql/{kind}/{name}.sql: scope is {allowed}, not {scope!r}")
    severity = lines.get("severity", [None])[0]
    if severity not in (None, *SEVERITIES):
        raise ValueError(f"sql/{kind}/{name}.sql: severity is {' or '.join(SEVERITIES)}")
    reads, grain = _names(lines["reads"]), _names(lines["grain"])
    described = dict(
        column for line in lines.get("column", []) for column in _columns(name, line, reads)
    )
    rest = ", ".join(column for column in grain if column not in described)
    columns = dict(_columns(name, rest, reads)) | described
    conditions = [line.partition(" if ") for line in lines.get("unit", [])]
    units = [unit for unit, _, _ in conditions]
    return Query(
        name=name,
        kind=kind,
        title=paragraphs[0],
        prose="\n\n".join(paragraphs[1:]),
        reads=reads,
        params=tuple(parse_param(name, line) for line in lines.get("param", [])),
        grain=grain,
        columns=columns,
        severity=severity,
        action=lines.get("action", [""])[0],
        text=text,
        scope=scope,
        units=dict(_units(name, units, columns)),
        units_if=dict(word.partition("=")[::2] for _, _, word in conditions if word),
        plots=tuple(_plot(name, line, columns) for line in lines.get("plot", [])),
        examines=parse_examined(name, lines["examines"], lines.get("needs", []))
        if kind == "checks"
        else None,
    )


def _header(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Paragraphs of prose, and (word, rest) of each field with its continuation lines."""
    paragraphs: list[str] = []
    fields: list[tuple[str, str]] = []
    starts_paragraph = True
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        words = line[2:].strip()
        match = _FIELD.fullmatch(words)
        if not words:
            starts_paragraph = True
        elif match:
            fields.append((match[1], match[2]))
        elif fields:
            word, rest = fields[-1]
            fields[-1] = (word, f"{rest} {words}")
        elif starts_paragraph:
            paragraphs.append(words)
            starts_paragraph = False
        else:
            paragraphs[-1] += " " + words
    return paragraphs, fields


def _names(lines: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for line in lines for name in line.split(",") if name.strip())


def _columns(query_name: str, line: str, reads: tuple[str, ...]) -> list[tuple[str, str]]:
    """The columns of a field with their meanings: one with its own, or several declared ones."""
    name, colon, doc = line.partition(": ")
    if colon and name.isidentifier():
        return [(name, doc)]
    columns = []
    for name in _names([line]):
        declared = _declared_field(name, reads)
        if declared is None:
            raise ValueError(f"query {query_name}: not `name: meaning`, nor declared: {name!r}")
        columns.append((name, _doc(declared)))
    return columns


def _declared_field(name: str, reads: tuple[str, ...]) -> pa.Field | None:
    """The declared column of that name: of the last table of `reads` that has one, else of any."""
    declared = TABLES | PREDICTIONS
    tables = [declared[table] for table in reversed(reads) if table in declared]
    tables += TABLES.values()
    return next((table.schema.field(name) for table in tables if name in table.schema.names), None)


def _doc(field: pa.Field) -> str:
    doc = (field.metadata or {})[b"doc"].decode()
    doc = doc if doc.endswith("...") else doc.removesuffix(".")
    is_name = any(map(str.isupper, doc.split()[0][1:]))  # FashionAI
    return doc if is_name else doc[0].lower() + doc[1:]


def view_schema(view: Query) -> pa.Schema:
    """The declared columns that a query of sql/views shows: type, meaning and unit of each."""
    return pa.schema([_declared_field(name, view.reads) for name in view.columns])


def _units(query_name: str, lines: list[str], columns: Mapping[str, str]) -> Iterator[tuple]:
    for line in lines:
        unit, _, names = line.partition(": ")
        for column in _names([names]):
            if unit not in UNITS or column not in columns:
                raise ValueError(f"query {query_name}: not `unit: columns`: {line!r}")
            yield column, unit


def _plot(query_name: str, line: str, columns: Mapping[str, str]) -> Plot:
    kind, *pairs = line.split()
    channels = dict(pair.partition("=")[::2] for pair in pairs)
    required = _CHANNELS.get(kind)
    if required is None or not required <= channels.keys() <= required | _OPTIONAL_CHANNELS:
        raise ValueError(f"query {query_name}: not `kind channel=column ...`: {line!r}")
    for column in channels.values():
        if column not in columns:
            raise ValueError(f"query {query_name}: plots {column!r}, which is not a column")
    return Plot(kind, channels)
