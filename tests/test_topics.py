"""The topics of `wardrobe help`: complete, true where a test can tell, readable in 80 columns."""

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from command_line import is_one_sentence, wardrobe

from flows.cli.application import app
from flows.cli.help import TOPICS, topic_text
from flows.decode.deepfashion2.layout import PART_SIZE
from flows.lake.plan import LOSS_LIMIT, REFUSAL_LIMIT
from flows.storage.member import MAX_MEMBER_BYTES
from flows.warehouse import all_checks, queries
from schemas.datasets import DATASETS
from schemas.rejection_rules import RULES

ROOT = Path(__file__).parents[1]


def words(text: str) -> str:
    """The text with every run of spaces and line breaks as one space."""
    return " ".join(text.split())


def all_options(command) -> set[str]:
    """The options of a command, and of the commands in a group."""
    own = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    return own.union(*(all_options(child) for child in getattr(command, "commands", {}).values()))


TEXTS = {name: topic_text(name) for name in TOPICS}
EVERYTHING = words(" ".join(TEXTS.values()))


def test_every_rejection_rule_is_named_with_what_to_do():
    for name, rule in RULES.items():
        assert f"`{name}`: {rule.meaning} **Action:** {rule.action}" in words(TEXTS["rejections"])


def test_every_check_is_named_with_severity_and_what_to_do():
    text = words(TEXTS["checks"])
    for check in queries("checks"):
        assert len(check.action) > 20 and check.action.endswith("."), check.name
        entry = f"`{check.name}` ({check.severity}): {check.title} **Action:** {check.action}"
        assert entry in text, check.name


def test_every_contract_is_named_below_its_table():
    contracts = dict(re.findall(r"- (\w+): ([\w, ]+?)(?= - | `)", words(TEXTS["checks"])))
    named = {f"{table}.{name}" for table in contracts for name in contracts[table].split(", ")}
    generated = {check.name for check in all_checks() if "." in check.name}
    assert named == {name for name in generated if not name.startswith("statistics.")}


def test_every_data_set_is_named_with_its_splits():
    for dataset in DATASETS.values():
        entry = f"`{dataset.name}`: {dataset.title}. Splits: {', '.join(dataset.splits)}."
        assert entry in words(TEXTS["sources"])


def test_limits_are_those_of_the_code():
    assert f"over {LOSS_LIMIT:.0%}".replace("%", " %") in EVERYTHING
    assert f"more than {REFUSAL_LIMIT:.0%}".replace("%", " %") in EVERYTHING
    assert f"{MAX_MEMBER_BYTES >> 20} MiB" in EVERYTHING
    assert f"{PART_SIZE:,} image numbers" in EVERYTHING


def test_texts_fit_80_columns_and_every_list_is_filled_in():
    files = {path.stem for path in (ROOT / "flows" / "cli" / "topics").iterdir()}
    assert files == set(TOPICS)
    for name, text in TEXTS.items():
        assert not re.search(r"\{\w+\}", text), name
        assert [line for line in text.splitlines() if len(line) > 80] == [], name


def test_commands_and_options_in_texts_exist():
    root = typer.main.get_command(app)
    quoted = re.findall(r"`(wardrobe [^`]+)`", EVERYTHING)
    lines = [line for text in TEXTS.values() for line in text.splitlines()]
    shown = [line.strip() for line in lines if line.startswith("    wardrobe ")]
    assert len(quoted) > 10 and len(shown) > 20
    for line in [*quoted, *shown]:
        command, arguments = root, shlex.split(re.split(r"\s{3,}", line)[0])[1:]
        while arguments and hasattr(command, "commands"):
            assert arguments[0] in command.commands, line
            command = command.commands[arguments.pop(0)]
        options = all_options(command)
        assert {word for word in arguments if word.startswith("--")} <= options, line
        if command.name == "help":
            assert not arguments or arguments[0] in TOPICS, line


def test_options_in_texts_exist():
    named = set(re.findall(r"`(--[a-z-]+)", EVERYTHING))
    assert len(named) > 10
    assert named <= all_options(typer.main.get_command(app))


def test_help_lists_the_topics_with_a_line_each():
    done = wardrobe("help")
    assert [line.split()[0] for line in done.stdout.splitlines()[: len(TOPICS)]] == [*TOPICS]
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_help_prints_markdown_into_a_pipe():
    assert wardrobe("help", "releases").stdout == TEXTS["releases"]


@pytest.mark.slow
def test_help_draws_markdown_on_a_terminal():
    controller, terminal = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "flows", "help", "pairs"],
        stdout=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        check=True,
    )
    shown = os.read(controller, 20_000).decode()
    os.close(terminal)
    os.close(controller)
    assert "\x1b[" in shown and "──" in shown
    assert "**positive**" not in shown and "## Commands" not in shown


def test_help_of_a_command_is_its_own_help():
    assert "Run all checks on a release" in wardrobe("help", "check").stdout
    assert wardrobe("help", "export", "coco").stdout.startswith("Usage: wardrobe export coco")


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        (["chekcs"], "did you mean checks?"),
        (["xyz"], "the topics are sources, "),
        (["checks", "twice"], "is not a topic"),
        (["export", "cocoa"], "no such command"),
    ],
)
def test_an_unknown_topic_is_one_sentence(topic, says):
    done = wardrobe("help", *topic)
    assert is_one_sentence(done) and says in done.stderr


def test_topics_are_linked_where_people_look():
    assert "wardrobe help" in wardrobe("--help").stdout
    for command, topic in (("check", "checks"), ("ingest", "parts"), ("serve", "schedules")):
        assert f"wardrobe help {topic}" in wardrobe(command, "--help").stdout
    readme = (ROOT / "README.md").read_text()
    assert {name for name in TOPICS if f"wardrobe help {name}" not in readme} == set()
