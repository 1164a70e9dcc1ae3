"""Commands for files of the DeepFashion2 challenges: submission check, pack."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.app import command_group
from flows.cli.options import ReleaseOption, zip_file
from flows.cli.output import print_rows
from schemas.challenge import CHALLENGE_TASKS, PHASES

submission = command_group(
    "submission",
    "Check and pack results for the DeepFashion2 challenges.\n\n"
    "Example: wardrobe submission check landmarks --phase validation --predictions landmarks.json",
)

if TYPE_CHECKING:
    from flows.pipelines.submission import SubmissionCheck

    Task = str
    PhaseName = str
else:
    Task = Literal[CHALLENGE_TASKS]
    PhaseName = Literal[tuple(PHASES)]

TaskArgument = Annotated[Task, typer.Argument(help="Track of the challenge.")]
PhaseOption = Annotated[PhaseName, typer.Option("--phase", help="Phase of the challenge.")]
OptionalLakeOption = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        envvar="WARDROBE_LAKE",
        help="Folder of a lake with the images; default: $WARDROBE_LAKE, else the published "
        "numbers of images.",
        show_default=False,
        show_envvar=False,
    ),
]


@submission.command(epilog="Topic: wardrobe help scores")
def check(
    task: TaskArgument,
    phase: PhaseOption,
    predictions: Annotated[
        Path, typer.Option("--predictions", help="JSON file of results, or a zip with one.")
    ],
    lake: OptionalLakeOption = None,
    release: ReleaseOption = None,
) -> None:
    """List everything that the server would refuse in a file of results.

    Fields, types, numbers of values, categories, images, and in a zip the name of the file. Exit
    code 1: there are problems. The server's code is unpublished: the check is of the published
    format.

    Example: wardrobe submission check landmarks --phase validation --predictions landmarks.json
    """
    from flows.pipelines.submission import check_submission

    checked = check_submission(predictions, task, phase, lake=lake, release=release)
    _print_check(checked, predictions)


@submission.command(epilog="Topic: wardrobe help scores")
def pack(
    task: TaskArgument,
    phase: PhaseOption,
    predictions: Annotated[Path, typer.Option("--predictions", help="JSON file of results.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Zip to write; default: val_keypoints.zip, by task and phase.",
            callback=zip_file,
        ),
    ] = None,
    lake: OptionalLakeOption = None,
    release: ReleaseOption = None,
) -> None:
    """Check a file of results, and write the zip to upload.

    Exit code 1: there are problems, and no zip was written.

    Example: wardrobe submission pack landmarks --phase validation --predictions landmarks.json
    """
    from flows.pipelines.submission import pack_submission

    name = PHASES[phase].file_name(task)
    output = output or Path(name).with_suffix(".zip")
    checked = pack_submission(predictions, task, phase, output=output, lake=lake, release=release)
    _print_check(checked, predictions)
    print(f"{output}: contains {name}")


def _print_check(checked: "SubmissionCheck", predictions: Path) -> None:
    """Print the problems of a file of results, with exit code 1, or that it has none."""
    for note in checked.notes:
        print(f"note: {note}", file=sys.stderr)
    if checked.problems.num_rows:
        print_rows(checked.problems)
        raise typer.Exit(1)
    print(f"{predictions}: {checked.records:,} results, no problems")
