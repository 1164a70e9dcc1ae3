"""Options that several commands share, and the ingest options as command-line options."""

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from flows.cli.completion import complete_release, complete_split
from flows.cli.json_log import set_log_format
from flows.pipelines.request import (
    IngestRequest,
    parse_place,
    record_parameters,
    takes_fields_of,
)
from schemas.datasets import DATASETS, SPLITS
from schemas.errors import InputError

if TYPE_CHECKING:
    Dataset = str
else:
    Dataset = Literal[tuple(DATASETS)]

Format = Literal["table", "csv", "json", "parquet"]

DEFAULT_LAKE = Path("lake")

LakeOption = Annotated[
    Path,  # or an ObjectPath; typer takes no union, and the parser decides
    typer.Option(
        "--lake",
        envvar="WARDROBE_LAKE",
        parser=parse_place,
        metavar="<path>",
        help="Folder of the lake or s3://bucket/prefix; default: $WARDROBE_LAKE or ./lake.",
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


def rows_file(path: Path | None) -> Path | None:
    """The same for rows, whose format the suffix names: .csv, .json or .parquet."""
    from flows.pipelines.row_formats import WRITERS

    return _file_with_suffix(path, sorted(f".{form}" for form in WRITERS))


def parquet_file(path: Path | None) -> Path | None:
    """The same for a Parquet file."""
    return _file_with_suffix(path, [".parquet"])


def zip_file(path: Path | None) -> Path | None:
    """The same for a zip."""
    return _file_with_suffix(path, [".zip"])


def _file_with_suffix(path: Path | None, suffixes: Sequence[str]) -> Path | None:
    if path is not None and path.suffix not in suffixes:
        raise InputError(f"{path}: name it {' or '.join(', '.join(suffixes).rsplit(', ', 1))}")
    return output_file(path)


def different_files(paths: Sequence[Path] | None) -> Sequence[Path] | None:
    """Callback of a repeatable option: the paths. Raises InputError for a file given twice."""
    resolved: set[Path] = set()
    for path in paths or ():
        if path.resolve() in resolved:
            raise InputError(f"{path} is given twice")
        resolved.add(path.resolve())
    return paths


def predictions_option(help_text: str = "File of predictions; repeatable.") -> Any:
    """The option `--predictions` of a list of files."""
    return typer.Option("--predictions", metavar="FILE", help=help_text, callback=different_files)


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
    Literal["duckdb", "spark"],
    typer.Option("--engine", help="Run the SQL in DuckDB on this machine or on Spark."),
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
PartEngineOption = Annotated[
    Literal["local", "spark"],
    typer.Option(
        "--engine",
        help="Build parts in processes of this machine or on Spark, where --workers is the number "
        "of tasks at a time (default: 128).",
    ),
]
MasterOption = Annotated[
    str | None,
    typer.Option("--master", help="URL of the Spark master.", show_default="local[*]"),
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


def spark_master(engine: str, master: str | None) -> str | None:
    """The URL of the Spark master; None without `--engine spark`.

    Raises InputError for a master without `--engine spark`.
    """
    if engine == "spark":
        from flows.spark import DEFAULT_MASTER

        return master or DEFAULT_MASTER
    if master is not None:
        raise InputError(f"--master {master} is for Spark: add --engine spark.")
    return None


def spark_options(
    engine: str, master: str | None, workers: int | None
) -> tuple[str | None, int | None]:
    """The Spark master that builds parts (see `spark_master`), and the workers with its default."""
    master = spark_master(engine, master)
    if master is not None:
        from flows.runners.spark import TASKS_AT_A_TIME

        workers = workers or TASKS_AT_A_TIME
    return master, workers


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
