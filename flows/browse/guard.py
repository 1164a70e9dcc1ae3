"""ASGI middleware: refuses foreign hosts and methods that write; adds headers to responses."""

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})

EVERY_ADDRESS = frozenset({"0.0.0.0", "[::]"})

HEADERS = {
    # Nothing inline, nothing from elsewhere, and no other page may contain this one.
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.ASCII)


class Guard:
    """Lets GET and HEAD requests to known hosts pass. A page of another site that resolves its own
    name to this machine (DNS rebinding) sends that name as Host."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = LOCAL | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        app = self._app
        if not self._is_known(Headers(scope=scope).getlist("host")):
            app = PlainTextResponse("This server is not for that host.\n", 421)
        elif _is_loaded_by_another_site(Headers(scope=scope)):
            app = PlainTextResponse("A page of another site may link here, not load parts.\n", 403)
        elif scope["method"] not in ("GET", "HEAD"):
            app = PlainTextResponse("Only GET is allowed.\n", 405, {"allow": "GET, HEAD"})
        await app(scope, receive, send_with_headers)

    def _is_known(self, hosts: list[str]) -> bool:
        match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if match is None:
            return False
        return match[1] in self._hosts or (
            not self._hosts.isdisjoint(EVERY_ADDRESS) and _is_address(match[1])
        )


def _is_loaded_by_another_site(headers: Headers) -> bool:
    """Whether a page of another site asks for it as a picture, script or frame: a heavy query."""
    site, kind = headers.get("sec-fetch-site"), headers.get("sec-fetch-dest")
    return site in ("cross-site", "same-site") and kind != "document"


def _is_address(host: str) -> bool:
    """Whether it is an IP address, which no other site's name can resolve to."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
