"""Verbs that write other people's formats: export coco, information, training."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import DEFAULT_LAKE, LakeOption, ReleaseOption, WorkersOption
from flows.cli.password import PasswordFileOption, use_password_of
from flows.cli.progress import progress

export = typer.Typer(
    help="Write a split in other people's formats.\n\n"
    "Example: wardrobe export coco deepfashion2 train --output train.json",
    no_args_is_help=True,
)

DatasetArgument = Annotated[str, typer.Argument(help="deepfashion2, fashionai or fashion-mnist.")]
SplitArgument = Annotated[str, typer.Argument(help="train, validation, ...")]
UnknownSizeOption = Annotated[
    bool,
    typer.Option("--allow-unknown-size", help="Leave sizes out where pictures are missing."),
]


class Layout(StrEnum):
    """Whose COCO file it is to be like."""

    official = "official"
    local = "local"


class CocoTask(StrEnum):
    """What a COCO file is for."""

    detection = "detection"
    landmarks = "landmarks"
    segmentation = "segmentation"
    all = "all"


class TrainingTask(StrEnum):
    """What a training set is for."""

    detection = "detection"
    landmarks = "landmarks"
    segmentation = "segmentation"
    retrieval = "retrieval"
    classification = "classification"


class PictureFormat(StrEnum):
    """How pictures are written anew."""

    jpeg = "jpeg"
    png = "png"
    webp = "webp"


class Crop(StrEnum):
    """What is cut out."""

    items = "items"


@export.command()
def coco(
    dataset: DatasetArgument,
    split: SplitArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="JSON file to write.")],
    layout: Annotated[
        Layout, typer.Option("--layout", help="The authors' own, or each category's landmarks.")
    ] = Layout.official,
    visible_only: Annotated[
        bool, typer.Option("--visible-only", help="Zero what is not visible.")
    ] = False,
    task: Annotated[CocoTask, typer.Option("--task", help="What it is for.")] = CocoTask.all,
    allow_unknown_size: UnknownSizeOption = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """One COCO file of a split, streamed.

    Example: wardrobe export coco deepfashion2 validation --output validation.json
    """
    from flows.pipelines.export import CocoOptions, export_coco
    from flows.pipelines.query import open_release

    with progress() as on_progress:
        counts = export_coco(
            open_release(lake, release),
            dataset,
            split=split,
            output=output,
            options=CocoOptions(layout=layout.value, task=task.value, visible_only=visible_only),
            allow_unknown_size=allow_unknown_size,
            progress=lambda done, of: on_progress("images", done, of),
        )
    print(f"{output}: {counts.images:,} images, {counts.annotations:,} annotations")


@export.command()
def information(
    dataset: DatasetArgument,
    split: SplitArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")],
    files: Annotated[
        list[str] | None,
        typer.Option("--file", help="keypoints, consumer, shop, query, gallery; repeatable."),
    ] = None,
    allow_unknown_size: UnknownSizeOption = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """The authors' image lists and retrieval queries and gallery.

    Example: wardrobe export information deepfashion2 validation --output lists
    """
    from flows.pipelines.export import export_information
    from flows.pipelines.query import open_release

    written = export_information(
        open_release(lake, release),
        dataset,
        split=split,
        output=output,
        files=files or (),
        allow_unknown_size=allow_unknown_size,
    )
    for name, count in written.items():
        print(f"{output / name}: {count:,} records")


@export.command()
def training(
    dataset: DatasetArgument,
    split: SplitArgument,
    task: Annotated[TrainingTask, typer.Option("--task", help="What it is for.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")],
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Longest side in pixels; else as it is.")
    ] = None,
    form: Annotated[
        PictureFormat | None, typer.Option("--format", help="Write pictures anew like this.")
    ] = None,
    crop: Annotated[Crop | None, typer.Option("--crop", help="One row per item, cut out.")] = None,
    shards: Annotated[
        int | None, typer.Option("--shards", min=1, help="Into how many files; else by size.")
    ] = None,
    pictures_at: Annotated[
        str | None, typer.Option("--pictures-at", help="Where the source lies now, if it moved.")
    ] = None,
    password_file: PasswordFileOption = None,
    workers: WorkersOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Parquet shards with pictures inside, as Hugging Face `datasets` loads them; resumable.

    Example: wardrobe export training deepfashion2 train --task landmarks --output set --size 320
    """
    use_password_of(password_file)
    from flows.pipelines.export_training import TrainingOptions, export_training
    from flows.pipelines.query import open_release
    from flows.runners import local_runner

    with progress() as on_progress:
        record = export_training(
            open_release(lake, release),
            dataset,
            split=split,
            output=output,
            options=TrainingOptions(
                task=task.value,
                size=size,
                picture_format=form.value if form else None,
                crop_items=crop is not None,
            ),
            run=local_runner(workers or os.cpu_count() or 1),
            shards=shards,
            pictures_at=pictures_at,
            progress=lambda done, of: on_progress("rows", done, of),
        )
    files = "1 shard" if len(record.shards) == 1 else f"{len(record.shards)} shards"
    print(f"{output}: {record.rows:,} rows of {dataset} {split} in {files}")


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    app.add_typer(export, name="export")
