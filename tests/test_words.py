"""The language of the project: plain technical English, and no reference to absent documents."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = sorted([*ROOT.glob("flows/**/*.py"), *ROOT.glob("schemas/**/*.py")])
TEXTS = sorted(
    [
        *CODE,
        *ROOT.glob("sql/**/*.sql"),
        *ROOT.glob("flows/**/*.jinja"),
        *ROOT.glob("flows/**/*.md"),
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
    ]
)

# Turns of phrase that a reader whose first language is not English has to read twice.
TURNS = re.compile(
    r"""\b(is|are|was|were)\ no\ [a-z]      # "is not a lake", not "is no lake"
    | \bstands?\b(?!\s+for)                 # a value occurs, is repeated, is in a column
    | \b(lies?|lay|lying)\b                 # a file is in a folder
    | \bbeside\b | \banew\b | \bunasked\b | \bunsaid\b | \bwhom\b | \bwherefrom\b | \bthereof\b
    | spoken\ of | left\ alone | of\ (its|their|our)\ own\b
    | \b(wanted|told|telling|theirs|vet|vetting|sift|sifted)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Names that do not say what a value is. A loop variable is the noun of what it runs over.
EMPTY_NAMES = {
    *("one", "wanted", "told", "telling", "theirs", "ours", "there", "said", "some", "thing"),
    *("stuff", "tmp", "foo", "beside", "asked", "tell", "given", "known", "found"),
}

# Documents that are kept outside the repository.
ABSENT = re.compile(r"\b(DESIGN|FACTS|STYLE|TRAPS|ECOSYSTEM|REVIEW|ANCHORS)(\.md)?\b")

EXCEPTIONS = {
    # A column's description is in the footer of every Parquet file: another wording rebuilds parts.
    "schemas/landmark_types.py: null where there is no such script",
}
"""`path: text` of lines that may keep their turn of phrase."""


def lines_that_match(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    matches = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            excused = any(
                place.startswith(file) and text in line
                for file, text in (exception.split(": ", 1) for exception in EXCEPTIONS)
            )
            if pattern.search(line) and not excused:
                matches.append(place)
    return matches


def assigned_names(tree: ast.AST) -> set[tuple[str, int]]:
    """Names that are bound in a module, with the line: variables, loops, parameters."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add((node.id, node.lineno))
        elif isinstance(node, ast.arg):
            names.add((node.arg, node.lineno))
    return names


def test_texts_use_plain_technical_english():
    assert lines_that_match(TURNS, TEXTS) == []


def test_names_are_the_noun_of_what_they_hold():
    empty = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in CODE
        for name, line in sorted(assigned_names(ast.parse(path.read_text())))
        if name in EMPTY_NAMES
    ]
    assert empty == []


def test_no_text_names_a_document_outside_the_repository():
    tests = sorted((ROOT / "tests").glob("**/*.py"))
    texts = [path for path in [*TEXTS, *tests] if path != Path(__file__)]
    assert lines_that_match(ABSENT, texts) == []
