"""Pages of findings."""

from starlette.routing import Route

from flows.browse.pages import Pages


def findings_routes(pages: Pages) -> list[Route]:
    """The routes of these pages."""
    return []
