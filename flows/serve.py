"""What runs flows from this process: schedules on a configured server, else a temporary server."""

import subprocess
import sys
from typing import Any

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import EntrypointType

from schemas.errors import InputError


def serve_flow(
    flow: Flow[..., Any],
    name: str,
    parameters: dict[str, Any],
    *,
    cron: str | None = None,
    interval: float | None = None,
) -> None:
    """Register a flow under a schedule and run what falls due, until interrupted.

    The schedule is a cron line (UTC) or an interval in seconds. One run at a time: what falls due
    meanwhile follows when the first is over, and the lake's own lock holds against runs that
    others start. Raises InputError when the line is no cron line.
    """
    if cron is not None:
        try:
            CronSchedule(cron=cron)
        except ValueError as error:
            raise InputError(
                f"{cron!r} is no cron line: give minute, hour, day, month and weekday, "
                'as in "0 3 * * *"'
            ) from error
    flow.serve(
        name=name,
        cron=cron,
        interval=interval,
        parameters=parameters,
        tags=["wardrobe"],
        # This process's own limit, which dies with it. The server's would not be given back when
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
"""Ends a server when the other end of stdin is closed; leaves by itself when the server ends."""


def watch_temporary_server() -> None:
    """End the temporary server of this process's flows with it, also when it is killed.

    Prefect stops the server with `atexit`, which kill -9 passes over. A signal on the parent's
    death would come too early: it follows the thread that started the server, which may end before
    the process. So a second process waits for the end of a pipe that only this process holds.
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
                start_new_session=True,  # Ctrl-C and a kill of the group are not for it
            )
            return server

        def stop(self) -> None:
            super().stop()
            self._end_watch()

        def _end_watch(self) -> None:
            if self._watch is not None:
                self._watch.communicate()
                self._watch = None

    # Prefect keeps one instance for a process, whichever class made it first.
    WatchedServer()
