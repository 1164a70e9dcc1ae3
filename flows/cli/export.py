"""Commands that write splits in other formats: export coco, information, training, yolo."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.app import command_group
from flows.cli.options import (
    DEFAULT_LAKE,
    DatasetArgument,
    LakeOption,
    PasswordFileOption,
    ReleaseOption,
    SplitArgument,
    WorkersOption,
    output_file,
    output_folder,
    use_password_of,
)
from flows.cli.progress import progress
from flows.cli.selected import print_notes, takes_selection
from flows.pipelines.selection import Selection

export = command_group(
    "export",
    "Write a split or a release in another format.\n\n"
    "Example: wardrobe export coco deepfashion2 train --output train.json",
)

UnknownSizeOption = Annotated[
    bool, typer.Option("--allow-unknown-size", help="Omit sizes of missing pictures.")
]
FoldOption = Annotated[
    str | None,
    typer.Option(
        help="Export a part of the split: 0/5, or the others: 1-4/5. Products are in one part."
    ),
]
LeftOutOption = Annotated[
    bool, typer.Option("--allow-left-out", help="Leave out over half of the split if necessary.")
]
FolderOption = Annotated[
    Path, typer.Option("--output", "-o", help="Folder to write into.", callback=output_folder)
]


@export.command()
@takes_selection
def coco(
    selection: Selection,
    dataset: DatasetArgument,
    split: SplitArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="JSON file to write.", callback=output_file)
    ],
    layout: Annotated[
        Literal["official", "local"],
        typer.Option(help="The authors' 294 slots, or each category's landmarks."),
    ] = "official",
    visible_only: Annotated[
        bool, typer.Option("--visible-only", help="Write zeros for landmarks that are not visible.")
    ] = False,
    task: Annotated[
        Literal["detection", "landmarks", "segmentation", "all"],
        typer.Option(help="Annotations to write."),
    ] = "all",
    fold: FoldOption = None,
    allow_unknown_size: UnknownSizeOption = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write a split as one COCO file.

    --where, --keys and --exclude write whole images: those with an item that the condition is true
    for, those in --keys or with an item in it, without those in --exclude or with an item in it.

    Example: wardrobe export coco deepfashion2 validation --output validation.json
    """
    from flows.pipelines.export import CocoOptions, export_coco
    from flows.pipelines.output import require_distinct_files
    from flows.pipelines.selected_rows import select_rows
    from flows.pipelines.tables import open_release

    require_distinct_files([output], selection.files)
    opened = open_release(lake, release)
    selected = select_rows(opened, dataset, split, selection)
    with progress() as on_progress:
        counts = export_coco(
            opened,
            dataset,
            split=split,
            output=output,
            options=CocoOptions(layout=layout, task=task, visible_only=visible_only),
            allow_unknown_size=allow_unknown_size,
            fold=fold,
            selected=selected,
            on_progress=on_progress,
        )
    print_notes(selected)
    print(f"{output}: {counts.images:,} images, {counts.annotations:,} annotations")


@export.command()
def information(
    dataset: DatasetArgument,
    split: SplitArgument,
    output: FolderOption,
    files: Annotated[
        list[str] | None,
        typer.Option("--file", help="keypoints, consumer, shop, query or gallery; repeatable."),
    ] = None,
    fold: FoldOption = None,
    allow_unknown_size: UnknownSizeOption = False,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write the authors' image lists, queries and gallery.

    Example: wardrobe export information deepfashion2 validation --output lists
    """
    from flows.pipelines.export import export_information
    from flows.pipelines.tables import open_release

    written = export_information(
        open_release(lake, release),
        dataset,
        split=split,
        output=output,
        files=files or (),
        allow_unknown_size=allow_unknown_size,
        fold=fold,
    )
    for name, count in written.items():
        print(f"{output / name}: {count:,} records")


@export.command()
@takes_selection
def training(
    selection: Selection,
    dataset: DatasetArgument,
    split: SplitArgument,
    task: Annotated[
        Literal["detection", "landmarks", "segmentation", "retrieval", "classification"],
        typer.Option(help="Annotations to write."),
    ],
    output: FolderOption,
    size: Annotated[
        int | None,
        typer.Option(min=1, help="Longest side in pixels; default: unchanged."),
    ] = None,
    picture_format: Annotated[
        Literal["jpeg", "png", "webp"] | None,
        typer.Option("--format", help="Encode pictures in this format."),
    ] = None,
    crop: Annotated[
        Literal["items"] | None, typer.Option(help="Write one cropped picture per item.")
    ] = None,
    fold: FoldOption = None,
    shards: Annotated[
        int | None, typer.Option(min=1, help="Number of files; default: by size.")
    ] = None,
    pictures_at: Annotated[
        str | None, typer.Option(help="Present path of the source, if it moved.")
    ] = None,
    allow_left_out: LeftOutOption = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an export with other options.")
    ] = False,
    password_file: PasswordFileOption = None,
    workers: WorkersOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write or refresh a split as Parquet shards with pictures.

    Hugging Face `datasets` loads them. Repeat the command to resume an interrupted export, or after
    a new release: only shards with changed rows are written. Exit code 1: over half of the rows
    would be left out.

    --where, --keys and --exclude select whole images as in `export coco`. With --crop items, and
    for retrieval, they select items: a key of an image has all its items.

    Example: wardrobe export training deepfashion2 train --task landmarks --output set --size 320
    """
    use_password_of(password_file)
    from flows.pipelines.export_training import TrainingOptions, export_training
    from flows.pipelines.selected_rows import select_rows
    from flows.pipelines.tables import open_release
    from flows.runners import local_runner

    options = TrainingOptions(
        task=task,
        size=size,
        picture_format=picture_format,
        crop_items=crop is not None,
        fold=fold,
    )
    opened = open_release(lake, release)
    selected = select_rows(opened, dataset, split, selection, by_item=options.crop_items)
    with progress() as on_progress:
        record = export_training(
            opened,
            dataset,
            split=split,
            output=output,
            options=options,
            run=local_runner(workers or os.cpu_count() or 1),
            shards=shards,
            pictures_at=pictures_at,
            allow_left_out=allow_left_out,
            replace=replace,
            selected=selected,
            on_progress=on_progress,
        )
    print_notes(selected, *([record.note] if record.note else []))
    files = "1 shard" if len(record.shards) == 1 else f"{len(record.shards)} shards"
    written = f"{record.written} written" if record.written else "unchanged"
    print(f"{output}: {record.rows:,} rows of {dataset} {split} in {files}, {written}")


@export.command()
@takes_selection
def yolo(
    selection: Selection,
    dataset: DatasetArgument,
    split: SplitArgument,
    output: FolderOption,
    task: Annotated[
        Literal["detection", "pose", "segmentation"], typer.Option(help="Labels to write.")
    ] = "detection",
    subset: Annotated[
        Literal["train", "val", "test"] | None,
        typer.Option("--as", help="Subset that the split becomes; default: by its name."),
    ] = None,
    fold: FoldOption = None,
    pictures_at: Annotated[
        str | None, typer.Option(help="Present path of the source, if it moved.")
    ] = None,
    allow_left_out: LeftOutOption = False,
    password_file: PasswordFileOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
) -> None:
    """Write a split as pictures and labels for Ultralytics YOLO.

    Export the other splits into the same folder: data.yaml then has all of them. Each key point
    has its place in the authors' COCO layout (294 places; FashionAI 24), so that flip_idx holds
    for all categories. A mask is the first polygon of an item, which is the whole item.

    --where, --keys and --exclude select whole images as in `export coco`.

    Exit code 1: over half of the images would be left out.

    Example: wardrobe export yolo deepfashion2 validation --task pose --output yolo-pose
    """
    use_password_of(password_file)
    from flows.pipelines.export_yolo import export_yolo
    from flows.pipelines.selected_rows import select_rows
    from flows.pipelines.tables import open_release

    opened = open_release(lake, release)
    selected = select_rows(opened, dataset, split, selection)
    with progress() as on_progress:
        written_as, counts = export_yolo(
            opened,
            dataset,
            split=split,
            output=output,
            task=task,
            subset=subset,
            fold=fold,
            pictures_at=pictures_at,
            allow_left_out=allow_left_out,
            selected=selected,
            on_progress=on_progress,
        )
    print_notes(selected, *counts.notes)
    totals = f"{counts.images:,} images, {counts.items:,} items"
    print(f"{output}: {totals} of {dataset} {split} as {written_as}")
