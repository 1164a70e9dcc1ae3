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
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        listener = socket.create_server((name, port), family=family, backlog=128)
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be used ({error.strerror}): give another --port or --host."
        ) from error
    bound = f"[{name}]" if family == socket.AF_INET6 else name
    address = f"http://{bound}:{listener.getsockname()[1]}/"
    config = uvicorn.Config(
        create_application(browsed, hosts=[bound]),
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
