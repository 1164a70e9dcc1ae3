"""Serving: an application on a port of this machine, until interrupted."""

import socket
import threading
import webbrowser

import uvicorn

from flows.browse.application import create_application
from flows.pipelines.browsed_release import BrowsedRelease
from schemas.errors import InputError


def serve_release(browsed: BrowsedRelease, host: str, port: int, *, open_browser: bool) -> None:
    """Serve a release at host:port (0: a free one) until interrupted; prints the address.

    Raises InputError for an address that cannot be used.
    """
    name = host.strip("[]")
    if not name:  # a socket would listen on all addresses
        raise InputError("--host is empty: give an address, or 0.0.0.0 for all.")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        name.encode("idna")  # create_server leaves its socket open where this fails
        listener = socket.create_server((name, port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        # Python adds the address in parentheses.
        reason = str(getattr(error, "strerror", error)).partition(" (")[0]
        raise InputError(
            f"{host}:{port} cannot be used ({reason}): give another --port or --host."
        ) from error
    # Without it a body waits 40 ms for the acknowledgement of its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    brackets = "[{}]" if family == socket.AF_INET6 else "{}"
    number, bound_port = listener.getsockname()[:2]
    hosts = [brackets.format(name), brackets.format(number)]  # `0` listens on 0.0.0.0
    address = f"http://{hosts[0]}:{bound_port}/"
    config = uvicorn.Config(
        create_application(browsed, hosts=hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        limit_concurrency=512,
        timeout_graceful_shutdown=2,
    )
    print(f"{browsed.release.id}: {address} (Ctrl-C ends)", flush=True)
    if open_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    uvicorn.Server(config).run(sockets=[listener])
