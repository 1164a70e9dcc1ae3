"""The command that shows a release in the web browser: browse."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app
from flows.cli.options import (
    DEFAULT_LAKE,
    LakeOption,
    PasswordFileOption,
    ReleaseOption,
    different_files,
    use_password_of,
)


@app.command()
def browse(
    lake: LakeOption = DEFAULT_LAKE,
    release: ReleaseOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0: a free one.")
    ] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; other machines can reach 0.0.0.0.")
    ] = "127.0.0.1",
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Stop a query after this time.")
    ] = 10.0,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the web browser.")
    ] = True,
    details: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Details of an evaluation: outcomes, worst first."),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            "--predictions",
            metavar="FILE",
            help="Predictions of --details, to draw over the truth; repeatable.",
            callback=different_files,
        ),
    ] = None,
    password_file: PasswordFileOption = None,
) -> None:
    """Show a release in the web browser: images, pairs, findings and statistics.

    Serves one release until interrupted; a later publication does not change the pages. Nothing is
    written, and nothing is loaded from the network. The page has no login: whoever reaches the
    address sees the pictures.

    Filters are those of the declared columns, or a SQL condition over items_full such as
    "x2 - x1 < 40 and style > 0". The address of a page holds its filter and layers. Keys: left and
    right for the previous and next image, u for the filter's images, and b, o, l, n to switch
    boxes, outlines, landmarks and their numbers.

    Example: wardrobe browse --lake wardrobe-demo/lake
    """
    use_password_of(password_file)
    from flows.browse import serve_release
    from flows.pipelines.browsed_release import BrowsedRelease

    browsed = BrowsedRelease(
        lake, release, timeout=timeout, details=details, predictions=predictions or ()
    )
    serve_release(browsed, host, port, open_browser=open_page)
