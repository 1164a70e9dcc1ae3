"""Pages: templates and the address of a request, whose query string holds the whole state."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flows.pipelines.browsed_release import (
    LAYERS,
    BrowsedRelease,
    BusyError,
    ImageView,
    NotInReleaseError,
)
from flows.pipelines.image_filter import ImageFilter, ImageKey, key_text
from schemas.errors import EngineError, TimeLimitError

DEFAULT_LAYERS = ("boxes", "outlines", "landmarks", "predictions")

DAMAGED = 500
"""The status where a file of the release is damaged."""

_TITLES = {404: "Not found", 503: "Not finished", DAMAGED: "A file is damaged"}


@dataclass(frozen=True)
class State:
    """The state that every link keeps: fields of the filter, and layers that are shown."""

    fields: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = DEFAULT_LAYERS

    def link(self, path: str, **changes: str | None) -> str:
        """The address of a page with this state; None removes a field."""
        fields = {name: value for name, value in {**self.fields, **changes}.items() if value}
        pairs = [*fields.items()]
        if self.layers != DEFAULT_LAYERS:
            pairs += [("layer", name) for name in self.layers or ("none",)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def image(self, key: ImageKey) -> str:
        """The address of an image within the filter."""
        return self.link(f"/image/{key_text(key)}")


class Pages:
    """What the pages of a release share: the release, the templates and the choices of filters."""

    def __init__(self, browsed: BrowsedRelease) -> None:
        self.browsed = browsed
        self.choices = browsed.choices
        self._templates = Environment(
            loader=PackageLoader("flows.browse", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["cell"] = cell
        self._templates.globals["picture_address"] = self.picture_address

    def state(self, request: Request) -> State:
        """The state in the query string of a request; other names are ignored."""
        fields = {
            name: value.strip()
            for name, value in request.query_params.items()
            if (name in self.choices or name == "where") and value.strip()
        }
        layers = request.query_params.getlist("layer")
        shown = tuple(name for name in LAYERS if name in layers) if layers else DEFAULT_LAYERS
        return State(fields, shown)

    def filter(self, state: State) -> ImageFilter:
        """The filter of a state. Raises InputError."""
        return self.browsed.filter(dict(state.fields))

    def command(self, sql: str) -> str | None:
        """The command that prints the rows of a SELECT; None for one that reads outcomes."""
        if "from outcomes\n" in sql:
            return None
        words = ["wardrobe", "sql", "--lake", self.browsed.lake]
        return shlex.join([*words, "--release", self.browsed.release.id, sql])

    def picture_address(self, view: ImageView, side: int) -> str:
        """The address of a picture. It differs between releases, so that browsers may keep it."""
        version = self.browsed.release.id[-8:]
        return f"/picture/{quote(key_text(view.key))}?side={side}&v={version}"

    def render(self, template: str, state: State, *, status: int = 200, **values: Any) -> Response:
        """A page."""
        page = self._templates.get_template(template).render(
            state=state,
            status=status,
            layers=LAYERS,
            choices=self.choices,
            release=self.browsed.release.id,
            created=self.browsed.release.manifest.created,
            lake=self.browsed.lake,
            origin=self.browsed.predictions.origin if self.browsed.predictions else None,
            **values,
        )
        return HTMLResponse(page, status, {"cache-control": "no-store"})

    def error(self, request: Request, status: int, sentence: str) -> Response:
        """An error as a page; as a drawing where a picture was requested."""
        if request.url.path.startswith("/picture/") and "html" not in request.headers.get(
            "accept", ""
        ):
            drawing = self._templates.get_template("missing.svg.jinja").render(
                lines=wrap(sentence, 34)[:11]
            )
            headers = {"cache-control": "no-store"}
            return Response(drawing, status, headers, media_type="image/svg+xml")
        title = _TITLES.get(status, "This request cannot be answered")
        return self.render(
            "error.html.jinja", self.state(request), status=status, title=title, sentence=sentence
        )


def status_of(error: Exception) -> int:
    """The HTTP status of an error that is meant for people."""
    if isinstance(error, NotInReleaseError):
        return 404
    if isinstance(error, TimeLimitError | BusyError):
        return 503
    damaged = isinstance(error, EngineError) and "wardrobe verify" in str(error)
    return DAMAGED if damaged else 400


def meanings(schema: pa.Schema) -> list[tuple[str, str]]:
    """Name and meaning, with the unit, of each column."""
    described = []
    for column in schema:
        doc, unit = (column.metadata.get(key, b"").decode() for key in (b"doc", b"unit"))
        doc = doc.replace("`", "")
        described.append((column.name, f"{doc} ({unit})" if unit else doc))
    return described


def cell(value: Any) -> str:
    """A value as text in a table; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    return str(value)
