"""Pages of images: the grid of a filter, one image, its picture, and downloads of keys."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flows.browse.pages import DAMAGED, Pages, State, meanings, status_of
from flows.pipelines.browsed_release import SIDES, NotInReleaseError
from flows.pipelines.image_filter import ANY, KEY, OUTCOME, ImageFilter, ImageKey, parse_key
from flows.pipelines.matching_images import MatchingImages
from flows.pipelines.row_formats import write_rows
from flows.pipelines.source_document import source_document
from schemas import TABLES
from schemas.errors import InputError

PAGE = 60
"""Images of a grid."""

_DOWNLOADS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


def image_routes(pages: Pages) -> list[Route]:
    """The routes of these pages."""
    browsed = pages.browsed

    def with_matches(page: Callable[..., Response], **defaults: str) -> Callable[..., Response]:
        """A page of a filter and its images; where the filter cannot be used, its form says why."""

        def respond(request: Request) -> Response:
            state = pages.state(request)
            # Links and downloads of the page keep the defaults.
            state = replace(state, fields={**defaults, **state.fields})
            try:
                chosen = pages.filter(state)
                matches = browsed.matches(chosen)
            except InputError as error:
                status = status_of(error)
                if status == DAMAGED:
                    raise
                return render(state, request.url.path, status=status, problem=str(error))
            return page(request, state, chosen, matches)

        return respond

    def render(
        state: State,
        action: str,
        chosen: ImageFilter | None = None,
        keys: Sequence[ImageKey] = (),
        *,
        status: int = 200,
        problem: str | None = None,
        count: int | None = None,
        previous: str | None = None,
        following: str | None = None,
    ) -> Response:
        return pages.render(
            "grid.html.jinja",
            state,
            status=status,
            action=action,
            problem=problem,
            outcomes=browsed.outcomes(keys),
            views=browsed.views(browsed.images(keys)),
            count=count,
            previous=previous,
            following=following,
            sql=chosen.sql() if chosen else None,
            command=pages.command(chosen.sql()) if chosen else None,
        )

    def grid(
        request: Request, state: State, chosen: ImageFilter, matches: MatchingImages
    ) -> Response:
        after, before = (_key_of(request, name) for name in ("after", "before"))
        if before:
            stop = matches.position(before, "left")
            start = max(stop - PAGE, 0)
        else:
            start = matches.position(after, "right") if after else 0
            stop = start + PAGE
        keys = matches.keys(start, stop)
        return render(
            state,
            "/",
            chosen,
            keys,
            count=len(matches),
            previous=_page(state, "before", keys[0]) if keys and start > 0 else None,
            following=_page(state, "after", keys[-1]) if keys and stop < len(matches) else None,
        )

    def worst(
        request: Request, state: State, chosen: ImageFilter, matches: MatchingImages
    ) -> Response:
        if browsed.predictions is None:
            raise NotInReleaseError("start `wardrobe browse` with --details to see predictions.")
        # One more shows whether a page follows.
        rows = browsed.predictions.worst(matches, PAGE + 1, _severity_of(request))
        following = None
        if len(rows) > PAGE:
            severity, key = rows[PAGE - 1]
            following = state.link("/predictions", after=f"{severity!r}/{key[2]}")
        keys = [key for _, key in rows[:PAGE]]
        return render(state, "/predictions", chosen, keys, following=following)

    def image(request: Request) -> Response:
        state = pages.state(request)
        chosen = pages.filter(state)
        key = _key_in(request)
        (view,) = browsed.views([browsed.image(key)], named=True)
        before, after = browsed.matches(chosen).neighbours(key)
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
            rows = browsed.matches(pages.filter(pages.state(request))).table()
        return _file(rows, form, f"keys-{browsed.release.id}")

    def jump(request: Request) -> Response:
        """To the image whose number was typed."""
        names = ("dataset", "split", "image_id")
        key = parse_key("/".join(request.query_params.get(name, "") for name in names))
        browsed.image(key)
        return RedirectResponse(State().image(key), 303)

    return [
        Route("/", with_matches(grid)),
        Route("/predictions", with_matches(worst, **{OUTCOME: ANY})),
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
