"""Verbs that write other people's formats: export coco, information, training."""

import typer

export = typer.Typer(
    help="Write a split in other people's formats.\n\n"
    "Example: wardrobe export coco deepfashion2 train --output train.json",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add these verbs to the application."""
    app.add_typer(export, name="export")
