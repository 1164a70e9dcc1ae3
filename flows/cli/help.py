"""The command that explains concepts: help. Its texts are flows/cli/topics/*.md.

A line `{name}` of a text is replaced by a list that is made from the declarations.
"""

import sys
from collections.abc import Iterator
from importlib.resources import files
from textwrap import fill
from typing import Annotated

import typer
from typer.main import get_command

from flows.cli.app import app
from flows.cli.terminal import raw_stream
from schemas.datasets import DATASETS
from schemas.errors import InputError, did_you_mean
from schemas.rejection_rules import RULES

TOPICS = (
    "sources",
    "parts",
    "releases",
    "rejections",
    "checks",
    "pairs",
    "scores",
    "schedules",
    "scale",
)
"""In the order of the list: as data flows, then operation."""

WIDTH = 80


@app.command("help")
def show_help(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]", help="A topic or a command; default: list the topics."),
    ] = None,
) -> None:
    """Explain a topic, such as releases, checks or schedules.

    Example: wardrobe help checks
    """
    commands = get_command(app).commands  # type: ignore[attr-defined]
    if not words:
        for name in TOPICS:
            print(f"  {name:<12}{_title(name)}")
        print("\nRead one: wardrobe help TOPIC. Of a command: wardrobe help COMMAND.")
    elif len(words) == 1 and words[0] in TOPICS:
        _print_markdown(topic_text(words[0]))
    elif words[0] in commands:
        app([*words, "--help"], prog_name="wardrobe", standalone_mode=False)
    else:
        name = " ".join(words)
        hint = did_you_mean(name, [*TOPICS, *commands], f"the topics are {', '.join(TOPICS)}")
        raise InputError(f"{name} is not a topic or a command: {hint}")


def topic_text(name: str) -> str:
    """The text of a topic as Markdown, in lines of up to 80 characters, with its lists."""
    text = _file_text(name)
    for line, entries in LISTS.items():
        if line in text:
            text = text.replace(line, "\n".join(map(_list_entry, entries())))
    return text


def _file_text(name: str) -> str:
    return (files("flows.cli") / "topics" / f"{name}.md").read_text(encoding="utf-8")


def _title(name: str) -> str:
    title = _file_text(name).partition("\n")[0].partition(": ")[2]
    return title[:1].upper() + title[1:]


def _list_entry(text: str) -> str:
    return fill(
        f"- {text}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _datasets() -> Iterator[str]:
    for dataset in DATASETS.values():
        has = f" Has {', '.join(dataset.has)}." if dataset.has else ""
        yield (
            f"`{dataset.name}`: {dataset.title}. Splits: {', '.join(dataset.splits)}.{has} "
            f"{dataset.terms}"
        )


def _rejection_rules() -> Iterator[str]:
    for name, rule in RULES.items():
        yield f"`{name}`: {rule.meaning} **Action:** {rule.action}"


def _checks() -> Iterator[str]:
    from flows.pipelines.query import check_list

    for row in check_list().to_pylist():
        if row["action"]:
            finding = f"`{row['check']}` ({row['severity']}): {row['finds']}"
            yield f"{finding} **Action:** {row['action']}"


def _contracts() -> Iterator[str]:
    from flows.pipelines.query import check_list

    by_table: dict[str, list[str]] = {}
    for name in check_list()["check"].to_pylist():
        table, dot, contract = name.partition(".")
        if dot and table != "statistics":
            by_table.setdefault(table, []).append(contract)
    for table, names in by_table.items():
        yield f"{table}: {', '.join(names)}"


LISTS = {
    "{datasets}": _datasets,
    "{rejection_rules}": _rejection_rules,
    "{checks}": _checks,
    "{contracts}": _contracts,
}
"""What makes the list for a line of a text."""


def _print_markdown(text: str) -> None:
    """Print Markdown, on a terminal with its headings, lists and tables drawn."""
    if not sys.stdout.isatty():
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(file=raw_stream(sys.stdout))
    console.print(Markdown(text, code_theme="ansi_dark"), width=min(console.width, WIDTH + 20))
