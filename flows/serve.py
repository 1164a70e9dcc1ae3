"""Flows served by this process: on a schedule of the configured server, or a temporary server."""

import subprocess
import sys
from typing import Any
from zoneinfo import ZoneInfo

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import EntrypointType
from prefect.schedules import Cron

from schemas.errors import InputError


def serve_flow(
    flow: Flow[..., Any],
    name: str,
    parameters: dict[str, Any],
    cron: str,
    timezone: str = "UTC",
) -> None:
    """Register a flow under a cron schedule and run it when due, until interrupted.

    One run at a time: a run that is due meanwhile starts when the first ends. The lake's lock
    protects against runs that other processes start. Raises InputError for an invalid cron line
    and an unknown time zone.
    """
    try:
        ZoneInfo(timezone)
    except (KeyError, OSError, ValueError) as error:  # no such zone, a folder, a path
        raise InputError(
            f"{timezone!r} is not a time zone: give a name such as UTC or Europe/Zurich"
        ) from error
    try:
        CronSchedule(cron=cron)
    except ValueError as error:
        raise InputError(
            f"{cron!r} is not a cron line: give minute, hour, day, month and weekday, "
            'as in "0 3 * * *"'
        ) from error
    flow.serve(
        name=name,
        schedule=Cron(cron, timezone=timezone),
        parameters=parameters,
        tags=["wardrobe"],
        # The limit of this process, which ends with it. A limit of the server is not released when
        # server and run die together (a power cut), and every later run would be cancelled.
        limit=1,
        # The path form would put flows/ itself first on sys.path.
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


WATCH = """
import os, select, signal, sys

server = os.pidfd_open(int(sys.argv[1]))
select.select([sys.stdin, server], [], [])
for end in (signal.SIGTERM, signal.SIGKILL):
    if not select.select([server], [], [], 0)[0]:
        signal.pidfd_send_signal(server, end)
        select.select([server], [], [], 5)
"""
"""A program that ends a server when its stdin is closed, and exits when the server ends."""


def watch_temporary_server() -> None:
    """End the temporary server of this process's flows when the process ends or is killed.

    Prefect stops the server with `atexit`, which kill -9 skips. A signal on the parent's death
    would come too early: it follows the thread that started the server, which may end before the
    process. So a second process waits for the end of a pipe that only this process holds.
    """
    # Here, because the server's modules take a second that a configured server does not need.
    from prefect.server.api.server import SubprocessASGIServer

    class WatchedServer(SubprocessASGIServer):
        _watch: subprocess.Popen[bytes] | None = None

        def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
            server = super()._run_uvicorn_command()
            self._end_watch()
            self._watch = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", WATCH, str(server.pid)],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C and a kill of the group must not end it
            )
            return server

        def stop(self) -> None:
            super().stop()
            self._end_watch()

        def _end_watch(self) -> None:
            if self._watch is not None:
                self._watch.communicate()
                self._watch = None

    # Prefect keeps one instance per process: the class that is instantiated first.
    WatchedServer()
