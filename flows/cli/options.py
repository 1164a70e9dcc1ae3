"""Options that several commands share, and the ingest options as command-line options."""

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args, get_origin

import typer

from flows.cli.completion import complete_release, complete_split
from flows.cli.json_log import set_log_format
from flows.pipelines.request import IngestRequest, record_parameters, takes_fields_of
from schemas.datasets import DATASETS, SPLITS
from schemas.errors import InputError

if TYPE_CHECKING:
    Dataset = str
else:
    Dataset = Literal[tuple(DATASETS)]

EngineName = Literal["duckdb", "spark"]
Format = Literal["table", "csv", "json", "parquet"]

DEFAULT_LAKE = Path("lake")

LakeOption = Annotated[
    Path,
    typer.Option(
        "--lake",
        envvar="WARDROBE_LAKE",
        help="Folder of the lake; default: $WARDROBE_LAKE or ./lake.",
        show_default=False,
        show_envvar=False,
    ),
]
ReleaseOption = Annotated[
    str | None,
    typer.Option(
        "--release",
        help="Release id or its beginning; default: the current one.",
        autocompletion=complete_release,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format of the rows.")]


def output_file(path: Path | None) -> Path | None:
    """Callback of an option: the path, if a file can be written there. Raises InputError."""
    from flows.pipelines.output import require_output_file

    return None if path is None else require_output_file(path)


def output_folder(path: Path) -> Path:
    """Callback of an option: the path, if a folder can be written there. Raises InputError."""
    from flows.pipelines.output import require_output_folder

    return require_output_folder(path)


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write instead of printing.", callback=output_file),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; default: one per core.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait for another writer of the lake instead of failing.")
]
PrefectOption = Annotated[
    bool, typer.Option("--prefect", help="Run as a Prefect flow, also without a configured API.")
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="What runs the SQL; spark needs Java 17.")
]
MasterOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Where Spark runs: local[2], spark://HOST:7077; default: local[*]."
    ),
]
LogOption = Annotated[
    Literal["text", "json"],
    typer.Option(
        "--log-format",
        help="With `json`, stderr is one JSON object per line; the last has the outcome.",
        is_eager=True,  # errors of other options are to be in this format
        callback=set_log_format,
    ),
]
PasswordFileOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file", help="File with the zip password; default: $WARDROBE_ZIP_PASSWORD."
    ),
]
DatasetArgument = Annotated[
    Dataset,
    typer.Argument(help="Data set.", metavar="DATASET"),
]
SplitArgument = Annotated[
    str, typer.Argument(help=f"{', '.join(SPLITS[:3])}, ...", autocompletion=complete_split)
]


def use_password_of(path: Path | None) -> None:
    """Set the password in a file for this process and its workers. Raises InputError.

    It is the text of the file without line end and byte order mark.
    """
    if path is None:
        return
    try:
        password = path.read_text("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise InputError(f"--password-file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--password-file {path} is not UTF-8 text") from error
    if not password:
        raise InputError(f"--password-file {path} is empty")
    if "\0" in password:
        raise InputError(f"--password-file {path} is not text: it contains a zero byte")
    os.environ["WARDROBE_ZIP_PASSWORD"] = password


def takes_ingest_options(*only: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of IngestRequest (of these names, or all) as its options.

    The command itself takes an IngestRequest as its first parameter.
    """
    return takes_fields_of(
        IngestRequest, [_command_line(p) for p in record_parameters(IngestRequest, only)]
    )


def _command_line(parameter: inspect.Parameter) -> inspect.Parameter:
    """The field as an argument if it is required, else as an option in the singular."""
    type_, text = get_args(parameter.annotation)
    if parameter.name == "lake":
        return parameter.replace(annotation=LakeOption, default=DEFAULT_LAKE)
    if parameter.name == "dataset":
        return parameter.replace(annotation=DatasetArgument)
    if parameter.default is inspect.Parameter.empty:
        return parameter.replace(annotation=Annotated[type_, typer.Argument(help=text)])
    repeatable = get_origin(type_) is Sequence
    flag = "--" + parameter.name.removesuffix("s" if repeatable else "").replace("_", "-")
    if type_ == bool | None:
        flag += f"/--no-{flag[2:]}"
    metavar = ("FILE" if "file" in flag else "SPLIT") if repeatable else None
    option = typer.Option(flag, help=text, metavar=metavar, show_default=False)
    if repeatable:
        return parameter.replace(annotation=Annotated[list[str] | None, option], default=None)
    return parameter.replace(annotation=Annotated[type_, option])
