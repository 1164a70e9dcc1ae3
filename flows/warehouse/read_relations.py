"""The relations that SQL of a user reads: text in, their names out. Nothing is executed."""

from collections.abc import Collection, Iterator
from typing import Any

import duckdb
import msgspec

from flows.warehouse.queries import queries
from flows.warehouse.sources import RELATION_KINDS
from schemas import TABLES

READS_BY_NAME = {"BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SUBQUERY"}
"""What a FROM consists of, as DuckDB's parser calls it, where it reads what it names and no other.
Functions (`duckdb_views()`, `query('...')`) and SHOW may list or read any relation."""

CATALOG_FUNCTIONS = ("pg_", "col_description", "obj_description", "json_serialize_plan")
"""Beginnings of the names of scalar functions that read the catalog."""


def read_relations(con: duckdb.DuckDBPyConnection, text: str) -> Collection[str] | None:
    """The tables, statistics and views that SELECTs read; None: they may read or list any.

    None for other statements and where DuckDB will print an error, which suggests relations: text
    that it does not parse, and names that do not exist.
    """
    try:
        ((parsed,),) = con.execute("select json_serialize_sql($text)", {"text": text}).fetchall()
    except duckdb.Error:
        return None
    syntax = msgspec.json.decode(parsed)
    if syntax["error"]:
        return None
    names, defined = set[str](), set[str]()
    for node in _nodes(syntax["statements"]):
        kind = node.get("type", "")
        if {"alias", "sample"} <= node.keys() and kind not in READS_BY_NAME:
            return None
        if node.get("function_name", "").lower().startswith(CATALOG_FUNCTIONS):
            return None
        if kind == "BASE_TABLE":
            *schema, name = node["qualified_name"]["path"]
            if schema:
                return None
            names.add(name.lower())
        for entry in node.get("cte_map", {}).get("map", ()):
            defined.add(entry["key"].lower())
    relations = set(TABLES)
    if not names <= defined | relations:
        relations |= {query.name for kind in RELATION_KINDS for query in queries(kind)}
    return names & relations if names <= defined | relations else None


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    """All objects within a syntax tree."""
    if isinstance(syntax, dict):
        yield syntax
    for child in syntax.values() if isinstance(syntax, dict) else syntax:
        if isinstance(child, dict | list):
            yield from _nodes(child)
