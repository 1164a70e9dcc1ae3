"""Pages of images: the grid of a filter, one image, its picture, and downloads of keys."""

import re
from dataclasses import replace
from io import BytesIO

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flows.browse.pages import Pages, State, meanings
from flows.pipelines.browsed_release import SIDES, ImageView, NotInReleaseError
from flows.pipelines.image_filter import ANY, KEY, ImageFilter, ImageKey, parse_key
from flows.pipelines.row_formats import write_rows
from flows.pipelines.source_document import source_document
from schemas import TABLES
from schemas.errors import InputError, TimeLimitError

PAGE = 60
"""Images of a grid."""

_DOWNLOADS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def image_routes(pages: Pages) -> list[Route]:
    """The routes of these pages."""
    browsed = pages.browsed

    def render(
        state: State,
        chosen: ImageFilter,
        views: list[ImageView],
        *,
        action: str,
        count: int | None = None,
        previous: str | None = None,
        following: str | None = None,
    ) -> Response:
        return pages.render(
            "grid.html.jinja",
            state,
            action=action,
            outcomes=browsed.outcomes([view.key for view in views]),
            views=views,
            count=count,
            previous=previous,
            following=following,
            sql=chosen.sql(),
            command=pages.command(chosen.sql()),
        )

    def grid(request: Request) -> Response:
        state = pages.state(request)
        chosen = pages.filter(state)
        after, before = (_key_of(request, name) for name in ("after", "before"))
        # One more row shows whether a page follows.
        rows = browsed.page(chosen, PAGE + 1, after=after, before=before)
        more = len(rows) > PAGE
        rows = rows[-PAGE:] if before else rows[:PAGE]
        views = browsed.views(rows)
        try:
            count = browsed.count(chosen)
        except TimeLimitError:
            count = None
        previous = views and (more if before else after is not None)
        following = views and (before is not None or more)
        return render(
            state,
            chosen,
            views,
            action="/",
            count=count,
            previous=_page(state, "before", views[0].key) if previous else None,
            following=_page(state, "after", views[-1].key) if following else None,
        )

    def worst(request: Request) -> Response:
        if browsed.predictions is None:
            raise NotInReleaseError("start `wardrobe browse` with --details to see predictions.")
        state = pages.state(request)
        # Links and downloads of the page are about the evaluated images only.
        state = replace(state, fields={"outcome": ANY, **state.fields})
        chosen = pages.filter(state)
        rows = browsed.worst(chosen, PAGE + 1, _severity_of(request))
        views = browsed.views(rows[:PAGE])
        following = None
        if len(rows) > PAGE:
            last = rows[PAGE - 1]
            place = f"{last['severity']!r}/{last['image_id']}"
            following = state.link("/predictions", after=place)
        return render(state, chosen, views, action="/predictions", following=following)

    def image(request: Request) -> Response:
        state = pages.state(request)
        chosen = pages.filter(state)
        key = _key_in(request)
        (view,) = browsed.views([browsed.image(key)], named=True)
        before, after = browsed.neighbours(chosen, key)
        return pages.render(
            "image.html.jinja",
            state,
            view=view,
            side=SIDES[1],
            rejections=browsed.matching("rejections", [key]).to_pylist(),
            outcomes=browsed.outcomes([key]).get(key, []),
            document=source_document(view.row, view.items, view.landmarks, view.polygons),
            previous=state.image(before) if before else None,
            following=state.image(after) if after else None,
            columns={name: meanings(TABLES[name].schema) for name in ("images", "items")},
        )

    def picture(request: Request) -> Response:
        side = request.query_params.get("side", str(SIDES[0]))
        if side not in map(str, SIDES):
            raise InputError(f"side is one of {', '.join(map(str, SIDES))}.")
        kind, data = browsed.picture(_key_in(request), int(side))
        return Response(data, headers={"cache-control": "max-age=3600"}, media_type=kind)

    def keys(request: Request) -> Response:
        form = request.path_params["form"]
        if form not in _DOWNLOADS:
            raise NotInReleaseError(f"keys are downloaded as {' or '.join(_DOWNLOADS)}.")
        if "ticked" in request.query_params:
            ticked = [parse_key(text) for text in request.query_params.getlist("key")]
            if not ticked:
                raise InputError("no image is ticked: tick images of the page, then download.")
            rows = browsed.matching("images", ticked).select(KEY.split(", "))
        else:
            rows = browsed.rows(pages.filter(pages.state(request)).sql())
        return _file(rows, form, f"keys-{browsed.release.id}")

    def jump(request: Request) -> Response:
        """To the image whose number was typed."""
        names = ("dataset", "split", "image_id")
        key = parse_key("/".join(request.query_params.get(name, "") for name in names))
        browsed.image(key)
        return RedirectResponse(State().image(key), 303)

    return [
        Route("/", grid),
        Route("/predictions", worst),
        Route("/image/{dataset}/{split}/{image_id}", image),
        Route("/picture/{dataset}/{split}/{image_id}", picture),
        Route("/keys.{form}", keys),
        Route("/image", jump),
    ]


def _key_in(request: Request) -> ImageKey:
    path = request.path_params
    try:
        return parse_key(f"{path['dataset']}/{path['split']}/{path['image_id']}")
    except InputError as error:
        raise NotInReleaseError(str(error)) from error


def _key_of(request: Request, name: str) -> ImageKey | None:
    text = request.query_params.get(name)
    return parse_key(text) if text else None


def _severity_of(request: Request) -> tuple[float, int] | None:
    """Severity and number of the last image of the page before."""
    text = request.query_params.get("after")
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)/(\d{1,18})", text, re.ASCII)
    if match is None:
        raise InputError(f"{text[:80]!r} is not SEVERITY/IMAGE_ID.")
    return float(match[1]), int(match[2])


def _page(state: State, side: str, key: ImageKey) -> str:
    return state.link("/", **{side: "/".join(map(str, key))})


def _file(rows: pa.Table, form: str, name: str) -> Response:
    sink = BytesIO()
    write_rows(rows, form, sink)
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(sink.getvalue(), headers=headers, media_type=_DOWNLOADS[form])
