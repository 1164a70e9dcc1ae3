"""Options that mean the same in every command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dataset(StrEnum):
    """The sources there are decoders for."""

    deepfashion2 = "deepfashion2"
    fashionai = "fashionai"
    fashion_mnist = "fashion-mnist"


class Format(StrEnum):
    """How rows are printed or written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


DEFAULT_LAKE = Path("lake")

LakeOption = Annotated[
    Path,
    typer.Option(
        "--lake",
        envvar="WARDROBE_LAKE",
        help="Folder of the lake; $WARDROBE_LAKE, else ./lake.",
        show_default=False,
        show_envvar=False,
    ),
]
ReleaseOption = Annotated[
    str | None,
    typer.Option("--release", help="A release id or its beginning; else the current one."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to give the rows.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write there instead of printing.")
]
SplitOption = Annotated[
    list[str] | None, typer.Option("--split", help="Only this split; can be given again.")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; else one for each core.")
]
