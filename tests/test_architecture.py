"""The architecture: who may import whom, how long a file may be, what it may be called."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("flows/**/*.py"), *ROOT.glob("schemas/**/*.py")])
STAGES = {
    "storage",
    "pictures",
    "release",
    "spark",
    "decode",
    "validate",
    "flatten",
    "lake",
    "warehouse",
    "samples",
    "exports",
    "feed",
    "metrics",
    "predictions",
}
PURE = {"decode", "validate", "flatten", "metrics", "storage", "spark"}
TOUCH_FILES = {"lake", "warehouse", "samples", "exports", "feed", "predictions"}
ALLOWED = {
    "schemas": {"schemas"},
    **{room: {"schemas"} for room in PURE},
    "release": {"schemas", "storage"},
    "processes": {"schemas"},
    "runners": {"schemas", "spark", "processes"},
    "pictures": {"schemas", "storage"},
    **{room: {"schemas", "storage", "release", "pictures"} for room in TOUCH_FILES},
    "warehouse": {"schemas", "storage", "release", "spark"},
    "pipelines": {"schemas", *STAGES, "pipelines"},
    "flow": {"schemas", "pipelines", "runners"},
    "cli": {"schemas", "pipelines", "runners", "spark", "processes", "flow", "browse", "cli"},
    "browse": {"schemas", "pipelines"},
    "flows": {"pipelines"},
}
"""The table of layers: each package and the packages of this project that it may import."""

BANNED = {"utils", "util", "helpers", "common", "core", "shared", "misc", "base", "lib", "manager"}


def room(path: Path) -> str:
    """The layer a file belongs to: a stage, `schemas`, `pipelines`, `cli`, or `flow`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "schemas":
        return "schemas"
    if len(parts) == 2:
        return {"__init__": "flows", "__main__": "cli"}.get(parts[1], "flow")
    return parts[1]


@cache
def imported_modules(path: Path) -> set[str]:
    """Every absolute module name a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_imported(path: Path) -> set[str]:
    """The layers of ours that a file imports."""
    rooms = set()
    for name in imported_modules(path):
        parts = name.split(".")
        if parts[0] == "schemas":
            rooms.add("schemas")
        elif parts[0] == "flows" and len(parts) > 1:
            folder = ROOT / "flows" / parts[1]
            rooms.add(parts[1] if folder.is_dir() else "flow")
    return rooms


def test_imports_point_where_the_design_lets_them():
    for path in SOURCES:
        here, imported = room(path), rooms_imported(path)
        assert imported - {here} <= ALLOWED[here], path
        # Flow modules do not import each other, but for the flow that runs the others.
        is_single = here in {"flow", "flows"} and path.stem != "nightly"
        assert not (is_single and "flow" in imported), path


def test_prefect_stays_in_the_flow_modules():
    for path in SOURCES:
        uses_prefect = any(name.split(".")[0] == "prefect" for name in imported_modules(path))
        assert not uses_prefect or room(path) == "flow", path


def test_files_directly_in_flows_hold_a_flow_or_serve_one():
    for path in ROOT.glob("flows/*.py"):
        if path.stem not in {"__init__", "__main__"}:
            names = imported_modules(path)
            assert names & {"prefect.flow", "prefect.Flow"}, f"{path.name} is about no flow"


def test_the_feed_needs_neither_prefect_nor_polars():
    for path in ROOT.glob("flows/feed/*.py"):
        used = {name.split(".")[0] for name in imported_modules(path)}
        assert not used & {"prefect", "polars"}


def test_no_file_is_longer_than_300_lines():
    files = [*SOURCES, *ROOT.glob("sql/**/*.sql"), *ROOT.glob("tests/**/*.py")]
    long = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in files}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_names_say_something():
    named = [*ROOT.glob("flows/**/*"), *ROOT.glob("schemas/**/*"), *ROOT.glob("tests/**/*")]
    assert {path.stem for path in named} & BANNED == set()


def test_every_stage_says_what_comes_in_and_what_goes_out():
    for folder in sorted(path for path in (ROOT / "flows").iterdir() if path.is_dir()):
        if folder.name.startswith("_"):
            continue
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert docstring, f"{folder.name} has no docstring"
        assert "import" in docstring, f"{folder.name} does not say what it may import"


def test_every_folder_of_flows_is_known_to_the_design():
    folders = {path.name for path in (ROOT / "flows").iterdir() if path.is_dir()}
    above = {"pipelines", "processes", "runners", "browse", "cli"}
    assert folders - {"__pycache__"} <= STAGES | above


def test_tests_hold_no_packages_and_no_folder_named_like_one():
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert not folders & {"flows", "schemas", "sql"}
    assert list((ROOT / "tests").rglob("__init__.py")) == []
