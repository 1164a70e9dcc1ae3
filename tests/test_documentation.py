"""Documentation is enforced here, or it would be fiction."""

import ast
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer
from command_line import wardrobe

from flows.cli.application import app
from flows.warehouse import queries
from schemas import TABLES
from schemas.rejection_rules import RULES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> dict[str, click.Command]:
    """Every command by the words one types, groups opened."""
    found = {}

    def walk(command, words):
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            for name, one in command.commands.items():
                walk(one, [*words, name])
        else:
            found[" ".join(words)] = command

    walk(typer.main.get_command(app), [])
    return found


def test_every_table_and_column_says_what_it_holds():
    for name, table in TABLES.items():
        assert len(table.doc) > 20, name
        for field in table.schema:
            doc = field.metadata[b"doc"].decode()
            assert len(doc) > 10 and doc.endswith((".", ")")), f"{name}.{field.name}: {doc}"
            only_its_name = doc.lower().startswith(field.name.replace("_", " ") + ".")
            assert not only_its_name, f"{name}.{field.name}: {doc}"
        assert set(table.key) <= set(table.schema.names), name
        assert set(table.partition_by) <= set(table.schema.names), name


def test_coordinates_have_a_unit():
    for table in TABLES.values():
        for field in table.schema:
            if field.name in {"x", "y", "x1", "y1", "x2", "y2", "width", "height", "points"}:
                assert field.metadata.get(b"unit") == b"px", f"{table.name}.{field.name}"


def test_every_rejection_rule_is_explained():
    assert all(text.endswith(".") and len(text) > 20 for rule in RULES.values() for text in rule)


def test_every_query_says_what_it_answers():
    for query in queries():
        assert query.title, query.name
        assert all(len(text) > 3 for text in query.columns.values()), query.name


def test_every_command_helps_and_ends_with_an_example():
    for words, command in commands().items():
        assert command.help, words
        (last,) = command.help.strip().split("\n\n")[-1:]
        assert last.startswith("Example: "), f"{words}: {last}"
        for option in command.params:
            assert getattr(option, "help", None), f"{words}: {option.name} has no help"


@pytest.mark.slow
def test_public_functions_have_docstrings():
    paths = sorted(ROOT.glob("flows/**/*.py"))
    assert len(paths) > 50
    for path in paths:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), f"{path} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name} has no docstring"


def readme_commands() -> list[str]:
    """Every `wardrobe ...` line of the README's shell blocks, comments cut off."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", README, flags=re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    lines = [line.removeprefix("$ ").partition("  #")[0].strip() for line in lines]
    return [line for line in lines if line.startswith("wardrobe ")]


def test_git_ignores_what_the_shown_commands_write(tmp_path):
    from flows.cli.help import TOPICS, topic_text

    shown = [*readme_commands(), *(command.help for command in commands().values())]
    text = "\n".join([*shown, *map(topic_text, TOPICS)])
    outputs = {"lake/", "wardrobe-demo/", *re.findall(r"--output ([\w.-]+)", text)}
    outputs |= {f"{name}/" for name in re.findall(r"sample deepfashion2 ([\w-]+)", text)}
    assert len(outputs) > 8
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    paths = [name if "." in name else f"{name.removesuffix('/')}/" for name in sorted(outputs)]
    done = subprocess.run(
        ["git", "check-ignore", *paths], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [path for path in paths if path not in ("FILE", "FILE/")]


REPLACED = {
    "/data/deepfashion2": "{sources}/deepfashion2",
    "/data/fashionai_train": "{sources}/fashionai",
    "/data/fashion-mnist": "{sources}/fashion-mnist",
    "wardrobe-demo/lake": "{lake}",
}


def test_the_readme_shows_commands():
    assert len(readme_commands()) >= 10


@pytest.mark.slow
def test_every_command_of_the_readme_runs(sources, lake, tmp_path):
    endless = {"serve", "browse"}
    lines = [line for line in readme_commands() if line.split()[1] not in endless]
    own = tmp_path / "lake"  # because some of the commands publish
    shutil.copytree(lake, own, symlinks=True)
    for line in lines:
        for shown, real in REPLACED.items():
            line = line.replace(shown, real.format(sources=sources, lake=own))
        done = wardrobe(*shlex.split(line)[1:], lake=own, cwd=tmp_path)
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.slow
def test_the_readme_shows_what_its_query_really_answers(tmp_path):
    from ingesting import ingested

    from flows.cli.demo import SIZES
    from flows.pipelines.sample import write_sample

    (shown,) = re.findall(r"```console\n\$ (wardrobe sql .*?)\n(.*?)```", README, flags=re.DOTALL)
    write_sample("deepfashion2", tmp_path / "source", SIZES["deepfashion2"], 0)
    ingested("deepfashion2", tmp_path / "source", tmp_path / "lake")
    words = shlex.split(shown[0].replace("wardrobe-demo/lake", str(tmp_path / "lake")))
    done = wardrobe(*words[1:])
    assert done.stdout == shown[1]


def test_every_command_is_in_the_readme_or_its_own_help():
    top = {words.split()[0] for words in commands()}
    unnamed = {verb for verb in top if f"{verb}" not in README}
    assert unnamed == set()


@pytest.mark.slow
def test_readers_of_the_readme_agree_on_the_items_folder(lake):
    """The four lines of the README: DuckDB, Polars, pyarrow.dataset and pq.read_table."""
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    (block,) = [block for block in blocks if "pq.read_table(items)" in block]
    from flows.lake import Lake

    items = str(Lake(lake).release().path / "items")
    lines = [
        line for line in block.splitlines() if line.startswith(("duckdb.", "polars.", "py", "pq."))
    ]
    names: dict = {"items": items}
    exec("import duckdb, polars, pyarrow.dataset, pyarrow.parquet as pq", names)
    counts, columns = set(), set()
    for line in lines:
        answer = eval(line, names)
        frame = answer.to_arrow_table() if hasattr(answer, "to_arrow_table") else answer
        counts.add(len(frame))
        described = frame.columns if hasattr(frame, "estimated_size") else frame.column_names
        columns.add(tuple(sorted(described)))
    assert len(lines) == 4
    assert len(counts) == 1 and len(columns) == 1
    assert {"dataset", "split"} <= set(columns.pop())


@pytest.mark.slow
def test_the_python_of_the_readme_runs_as_it_is_where_the_demo_ran(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "wardrobe-demo" / "lake", symlinks=True)
    blocks = re.findall(r"```py(?:thon)?\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 2 and "`$WARDROBE_LAKE`" in README
    (tmp_path / "readme.py").write_text(
        "\n".join([*blocks, "print(pixels.shape[1:], len(points))"])
    )
    environment = {name: os.environ[name] for name in os.environ if name != "WARDROBE_LAKE"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "readme.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\(128, 96, 3\) \d+\n", done.stdout)


def test_docstrings_of_pipelines_name_what_they_raise():
    from flows.pipelines import query, releases, tables

    for module in (query, releases, tables):
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not function.__name__.startswith("_"):
                assert function.__doc__


def test_the_path_of_one_document_names_functions_that_exist():
    rows = re.findall(r"^\| \d+ \| (.*?) \| (.*?) \|$", README, flags=re.MULTILINE)
    assert 10 <= len(rows) <= 20
    folder = ROOT
    for functions, files in rows:
        for function in re.findall(r"`(\w+(?:\.\w+)?)`", functions):
            paths = [
                ROOT / name if "/" in name else folder / name for name in files.split("`")[1::2]
            ]
            folder = paths[0].parent
            name = function.rpartition(".")[2]
            assert any(f"def {name}(" in path.read_text() for path in paths), function
