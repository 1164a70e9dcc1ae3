"""The command `wardrobe browse`: one release, one port, until interrupted."""

import http.client
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import uvicorn
from command_line import is_one_sentence, wardrobe
from damaged_lakes import copy_of

from flows.browse import serve_release
from flows.lake import Lake
from schemas.errors import InputError


@pytest.mark.slow
def test_a_port_that_is_used_and_a_lake_that_is_none_end_with_a_sentence(lake, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = wardrobe("browse", "--no-open", "--port", port, "--lake", lake)
    assert is_one_sentence(done) and str(port) in done.stderr
    assert is_one_sentence(wardrobe("browse", "--no-open", "--lake", tmp_path))


@pytest.mark.parametrize("host", ["", "[]", "a b", "é" * 70])
def test_an_address_that_no_server_can_have_ends_with_a_sentence(host):
    with pytest.raises(InputError, match="host") as refused:
        serve_release(None, host, 0, open_browser=False)
    assert "attempting" not in str(refused.value)


def test_headers_do_not_wait_for_the_acknowledgement_of_the_reader(monkeypatch):
    delays = []

    def run(server, sockets):
        (listener,) = sockets
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            delays.append(not accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        listener.close()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr("flows.browse.server.create_application", lambda *_, **__: None)
    browsed = SimpleNamespace(release=SimpleNamespace(id="a release"))
    serve_release(browsed, "127.0.0.1", 0, open_browser=False)
    assert delays == [False]


@pytest.mark.slow
def test_the_command_serves_the_release_it_started_with_until_it_is_interrupted(lake, tmp_path):
    own = copy_of(lake, tmp_path / "lake")
    current = Lake(own).release().id
    words = [sys.executable, "-m", "flows", "browse", "--no-open", "--port", "0"]
    with subprocess.Popen(
        [*words, "--lake", str(own)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        line = server.stdout.readline()
        assert line.startswith(f"{current}: http://127.0.0.1:")
        address = line.split()[1].rstrip("/").removeprefix("http://")
        older = next(release.id for release in Lake(own).releases() if release.id != current)
        Lake(own).rollback(older)
        connection = http.client.HTTPConnection(address)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200 and current in response.read().decode()
        assert response.getheader("server") is None
        connection.close()
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=60)
        assert server.returncode == 130 and "Traceback" not in errors
