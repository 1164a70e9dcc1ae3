"""The files of sql/ and the promises their headers make.

A header is the block of `--` lines at the top of a file: a title sentence, the rule in prose, then
lines that a machine reads. Continuation lines are indented further than the word they continue.

    -- Titles are one sentence.
    --
    -- Prose, any number of lines.
    --
    -- reads     images, items                      tables or statistics, every one it names
    -- param     seed: text; default 0: what it does       also: `seed: text: ...`, required
    -- grain     dataset, split                     what makes a row unique
    -- column    dataset: what it holds             one per result column, in order
    -- unit      share: part, other_part            of these columns: share (0 to 1), bytes or px
    -- plot      bar x=items y=category_name        statistics only, repeatable: how to draw it
    -- severity  error                              checks only: error or warn

Types of parameters are `text`, `integer`, `number` and `flag` (true or false).

A plot is a kind, then columns by channel. `bar` (x: value, y: names), `stack` (the same, divided
into shares by `color`), `column` (x: whole numbers, y: value), `histogram` (x and x2: the edges of
a bin, y: value). Each may have `color`, a series for each of its words, and `facet`, a plot for
each; `group` puts facets under headings. Values of rows that differ in other columns are added up.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import InputError

KINDS = ("statistics", "pairs", "checks", "exports", "evaluation")
"""The folders of sql/."""

SEVERITIES = ("error", "warn")

UNITS = ("share", "bytes", "px")

_CHANNELS = {
    "bar": {"x", "y"},
    "stack": {"x", "y", "color"},
    "column": {"x", "y"},
    "histogram": {"x", "x2", "y"},
}
"""The channels that each kind of plot needs."""
_OPTIONAL_CHANNELS = {"color", "facet", "group"}


def _flag(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words[text.lower()]


_TYPES: dict[str, tuple[type, Callable[[str], Any]]] = {
    "text": (str, str),
    "integer": (int, int),
    "number": (float, float),
    "flag": (bool, _flag),
}


@dataclass(frozen=True)
class Param:
    """A value a query takes as `$name`; `default` is None where it must be given."""

    name: str
    type: str
    default: str | int | float | bool | None
    doc: str

    def value(self, given: object) -> Any:
        """`given` as this parameter's type; words are parsed. InputError when it is another."""
        python, parse = _TYPES[self.type]
        if isinstance(given, python) and (self.type == "flag" or not isinstance(given, bool)):
            return given
        try:
            return parse(str(given))
        except (ValueError, KeyError):
            raise InputError(
                f"{self.name} is {given!r}, but should be of type {self.type}: {self.doc}."
            ) from None


class Plot(NamedTuple):
    """How a statistic is drawn: a kind of plot, and the column in each of its channels."""

    kind: str
    channels: Mapping[str, str]


@dataclass(frozen=True)
class Query:
    """One file of sql/: what it asks, what it reads, takes and answers, and its SELECT."""

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
    units: Mapping[str, str] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()

    def promises(self, word: str) -> tuple[str, ...]:
        """The names the header gives under `reads`, `param`, `grain` or `column`."""
        named: dict[str, tuple[str, ...]] = {
            "reads": self.reads,
            "param": tuple(param.name for param in self.params),
            "grain": self.grain,
            "column": tuple(self.columns),
        }
        return named[word]

    def values(self, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Every parameter with its value: what was given, checked and typed, else the default."""
        given = given or {}
        for name in given:
            if name not in self.promises("param"):
                known = ", ".join(self.promises("param")) or "none"
                raise InputError(f"query {self.name} has no parameter {name!r}; it takes: {known}.")
        values = {}
        for param in self.params:
            if param.name not in given and param.default is None:
                raise InputError(
                    f"query {self.name} needs {param.name} ({param.type}): {param.doc}."
                )
            values[param.name] = param.value(given.get(param.name, param.default))
        return values


def sql_folder() -> Traversable:
    """sql/ as shipped inside the wheel, or the repository's own when run from source."""
    shipped = files("flows") / "_sql"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "sql"


def query(name: str) -> Query:
    """The query of that name. InputError names the nearest when there is none."""
    known = _all()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "`wardrobe query` lists them."
    raise InputError(f"there is no query {name!r}; {hint}")


def queries(kind: str | None = None) -> list[Query]:
    """All queries, or those of one folder of sql/, sorted by name."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"no kind of query {kind!r}: one of {', '.join(KINDS)}")
    return [one for one in _all().values() if kind in (None, one.kind)]


@cache
def _all() -> dict[str, Query]:
    found: dict[str, Query] = {}
    for kind in KINDS:
        folder = sql_folder() / kind
        if not folder.is_dir():
            continue
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if not file.name.endswith(".sql"):
                continue
            name = file.name.removesuffix(".sql")
            if name in found:
                raise ValueError(f"two queries are called {name}: {found[name].kind} and {kind}")
            found[name] = parse_query(name, kind, file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


_PROMISE = re.compile(r"(reads|param|grain|column|unit|plot|severity)\s{2,}(.*)")
_PARAM = re.compile(r"(\w+): (\w+)(?:; default ([^:]*))?: (.+)", re.DOTALL)


def parse_query(name: str, kind: str, text: str) -> Query:
    """A file's text as a Query. ValueError when the header breaks the grammar above."""
    paragraphs, promises = _header(text)
    lines = {word: [rest for known, rest in promises if known == word] for word, _ in promises}
    columns = dict(_named(name, line) for line in lines.get("column", []))
    severity = lines.get("severity", [None])[0]
    if not paragraphs or not columns or "grain" not in lines or "reads" not in lines:
        raise ValueError(f"sql/{kind}/{name}.sql: a header needs a title, reads, grain and columns")
    if (severity in SEVERITIES) != (kind == "checks"):
        raise ValueError(f"sql/{kind}/{name}.sql: severity is for checks and is error or warn")
    return Query(
        name=name,
        kind=kind,
        title=paragraphs[0],
        prose="\n\n".join(paragraphs[1:]),
        reads=_list(lines["reads"]),
        params=tuple(_param(name, line) for line in lines.get("param", [])),
        grain=_list(lines["grain"]),
        columns=columns,
        severity=severity,
        text=text,
        units=dict(_units(name, lines.get("unit", []), columns)),
        plots=tuple(_plot(name, line, columns) for line in lines.get("plot", [])),
    )


def _header(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Paragraphs of prose, and (word, rest) of each machine-read line with its continuations."""
    paragraphs: list[str] = []
    promises: list[tuple[str, str]] = []
    fresh = True
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        words = line[2:]
        promise = _PROMISE.fullmatch(words.strip())
        if not words.strip():
            fresh = True
        elif promise:
            promises.append((promise[1], promise[2].strip()))
        elif promises:
            word, rest = promises[-1]
            promises[-1] = (word, f"{rest} {words.strip()}")
        elif fresh:
            paragraphs.append(words.strip())
            fresh = False
        else:
            paragraphs[-1] += " " + words.strip()
    return paragraphs, promises


def _list(lines: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for line in lines for name in line.split(",") if name.strip())


def _named(query_name: str, line: str) -> tuple[str, str]:
    name, colon, doc = line.partition(": ")
    if not colon or not name.isidentifier():
        raise ValueError(f"query {query_name}: not `name: meaning`: {line!r}")
    return name, doc


def _param(query_name: str, line: str) -> Param:
    match = _PARAM.fullmatch(line)
    if not match or match[2] not in _TYPES:
        raise ValueError(f"query {query_name}: not `name: type; default value: doc`: {line!r}")
    name, type_, default, doc = match.groups()
    return Param(name, type_, None if default is None else _TYPES[type_][1](default.strip()), doc)


def _units(query_name: str, lines: list[str], columns: Mapping[str, str]) -> Iterator[tuple]:
    for line in lines:
        unit, _, names = line.partition(": ")
        for column in _list([names]):
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
