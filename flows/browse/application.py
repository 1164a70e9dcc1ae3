"""The web application: requests for pages of one release in, responses out; errors are pages."""

from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from flows.browse.findings import findings_routes
from flows.browse.guard import Guard
from flows.browse.images import image_routes
from flows.browse.pages import Pages, status_of
from flows.browse.pairs import pair_routes
from flows.pipelines.browsed_release import BrowsedRelease
from schemas.errors import InputError


def create_application(browsed: BrowsedRelease, hosts: Collection[str] = ()) -> Starlette:
    """The application of a release. It answers to localhost and to these other names of hosts."""
    pages = Pages(browsed)
    routes = [
        *image_routes(pages),
        *pair_routes(pages),
        *findings_routes(pages),
        Mount("/static", StaticFiles(packages=[("flows.browse", "static")])),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={
            InputError: _error_page(pages),
            HTTPException: _error_page(pages),
        },
    )


def _error_page(pages: Pages) -> Callable[[Request, Exception], Response]:
    def respond(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else status_of(error)
        sentence = error.detail if isinstance(error, HTTPException) else str(error)
        return pages.error(request, status, sentence)

    return respond
