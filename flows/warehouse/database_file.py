"""A DuckDB file of a release: its tables with comments, and the queries of sql/ as macros."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb

from flows.release.file_system import ReleaseFiles
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from flows.warehouse.connect import engine_errors, relations, text_literal
from flows.warehouse.parameters import Param
from flows.warehouse.queries import Query, queries
from flows.warehouse.release_names import Files, ReleaseNames
from schemas import TABLES
from schemas.errors import InputError

PREFIX = "p_"
"""Of the parameters of macros: without it a parameter would hide the column of the same name."""

_TYPES = {"text": "varchar", "integer": "bigint", "flag": "boolean"}

_PARAMETER = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$(\w+)")
"""A comment or a text, which stay as they are, or the name of a parameter."""


def write_database(
    files: Files,
    path: Path,
    *,
    copy: bool,
    origin: str,
    on_progress: Callable[[str, int, int], None],
) -> None:
    """Make the DuckDB file `path` of the files of a release, which comments call `origin`.

    Tables and statistics are views over the files, at absolute paths, because a relative path would
    depend on the folder that a client works in; with `copy` they are tables. The views of sql/views
    are views in both. InputError when a path cannot be in a view, EngineError when a file is
    damaged or the disk is full.
    """
    names = ReleaseNames(files)
    paths: Mapping[str, list[str]] = names.tables
    if not copy:
        paths = {table: [_path_in_view(table, file) for file in files[table]] for table in files}
    described = {query.name: query for kind in ("statistics", "views") for query in queries(kind)}
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # The oldest with typed macro parameters: many clients have an older DuckDB than this one.
        "storage_compatibility_version": "v1.4.0",
    }
    try:
        with engine_errors(), duckdb.connect(str(path), config=config) as con:
            con.execute("set enable_progress_bar = false")
            con.register_filesystem(ReleaseFiles(names.paths, None))
            for done, (name, rows) in enumerate(relations(con, paths)):
                on_progress("tables", done, len(TABLES) + len(described))
                is_view = not copy or (name in described and described[name].kind == "views")
                kind = "view" if is_view else "table"
                con.execute(f"create {kind} {name} as {rows}")
                title, columns = _comments(name, described)
                con.execute(f"comment on {kind} {name} is {text_literal(f'{title} ({origin})')}")
                for column, comment in columns.items():
                    con.execute(f"comment on column {name}.{column} is {text_literal(comment)}")
            for query in queries():
                if not query.reads_predictions:
                    for statement in _macro(query):
                        con.execute(statement)
    finally:
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of a failure


def _path_in_view(table: str, file: Place) -> str:
    """The absolute path of a file. InputError when DuckDB would read another meaning into it."""
    if isinstance(file, ObjectPath):
        raise InputError(
            f"a view of DuckDB cannot read {file} without an extension and keys: write the rows "
            "into the file with --copy."
        )
    file = file.absolute()
    partitions = len(TABLES[table].partition_by) if table in TABLES else 0
    folder = str(file.parents[partitions])
    if re.search(r"[*?\[\\=]", folder) or not folder.isprintable():
        raise InputError(
            f"{folder} has characters that a view of DuckDB cannot contain (such as * ? [ = in a "
            "path): move the lake, or write the rows into the file with --copy."
        )
    return str(file)


def _comments(name: str, described: Mapping[str, Query]) -> tuple[str, dict[str, str]]:
    """The meaning of a table, statistic or view, and of each of its columns."""
    if name in described:
        return described[name].title, dict(described[name].columns)
    columns = {}
    for field in TABLES[name].schema:
        metadata = field.metadata or {}
        unit = f" Unit: {metadata[b'unit'].decode()}." if b"unit" in metadata else ""
        columns[field.name] = metadata[b"doc"].decode() + unit
    return TABLES[name].doc, columns


def _macro(query: Query) -> Iterator[str]:
    """The statements that make a query a table macro, parameters without a default first."""
    params = sorted(query.params, key=lambda param: param.default is not None)
    text = _PARAMETER.sub(lambda match: PREFIX + match[1] if match[1] else match[0], query.text)
    yield f"create macro {query.name}({', '.join(map(_declaration, params))}) as table {text}"
    meanings = [f"{PREFIX}{param.name}: {param.type}: {param.doc}." for param in query.params]
    comment = text_literal(" ".join([query.title, *meanings]))
    yield f"comment on macro table {query.name} is {comment}"


def _declaration(param: Param) -> str:
    declaration = f"{PREFIX}{param.name} {_TYPES.get(param.type, 'varchar')}"
    if param.default is None:
        return declaration
    default = param.default
    return f"{declaration} := {text_literal(default) if isinstance(default, str) else default}"
