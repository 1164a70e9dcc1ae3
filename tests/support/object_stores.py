"""Object stores on this machine: moto's server, and a stub that fails as stores do on bad days."""

import hashlib
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

import httpx
import pytest

from flows.storage.objects import store

SECRET = "a-secret-access-key"
BUCKET = "bucket"


def environment(url: str) -> dict[str, str]:
    """The variables that lead a client to a store on this machine."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "access-key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def use_store(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Lead the clients of this process, and of those that it starts, to a store."""
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)


def retry_often(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let clients repeat a request so many times, without long pauses."""
    pause = {"init_backoff": timedelta(milliseconds=2), "max_backoff": timedelta(milliseconds=20)}
    retries = {"max_retries": times, "retry_timeout": timedelta(minutes=1), "backoff": pause}
    monkeypatch.setattr(store, "RETRIES", retries)
    store._open.cache_clear()


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of a moto server in a process of its own, with the bucket BUCKET."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.put(f"{url}/{BUCKET}").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


class StubStore(ThreadingHTTPServer):
    """One bucket in memory, with conditional writes, ranges, copies, listings, and faults.

    `lost` is the share of writes that are applied and whose connection is then closed without an
    answer, `busy` the share of requests that are refused with 503, `delay` seconds before each
    answer. After `end_after` writes every request fails, as if the client's machine went down.
    `refuse` is a pattern of keys that may not be accessed, `cut` of those whose bodies end early.
    `on_read(key)` is called before an object is read. `requests` counts by method (`LIST`,
    `COPY` too), `sent` bytes of bodies of answers; `log` has method and key of each request.
    """

    daemon_threads = True

    def __init__(self, *, lost: float = 0.0, busy: float = 0.0, delay: float = 0.0, seed: int = 0):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.lost, self.busy, self.delay = lost, busy, delay
        self.refuse: re.Pattern[str] | None = None
        self.cut: re.Pattern[str] | None = None
        self.on_read: Callable[[str], None] = lambda key: None
        self.end_after: int | None = None
        self.draws = random.Random(seed)
        self.lock = threading.Lock()
        self.writes = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was counted."""
        self.requests: Counter[str] = Counter()
        self.sent = 0
        self.log: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def write(self, key: str, data: bytes) -> str:
        """Store an object; its etag, which is new for each write."""
        self.writes += 1
        etag = f'"{hashlib.md5(data).hexdigest()}-{self.writes}"'
        self.objects[key] = data, etag, time.time()
        return etag

    def handle_error(self, *_) -> None:
        """Closed connections are no news here."""


@contextmanager
def stub_store(**faults) -> Iterator[StubStore]:
    """A running stub."""
    store = StubStore(**faults)
    thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StubStore

    def log_message(self, *_) -> None:
        pass

    def handle_request(self) -> None:
        url = urlsplit(self.path)
        self.key = unquote(url.path).removeprefix(f"/{BUCKET}").lstrip("/")
        self.query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        method = self.command
        if "x-amz-copy-source" in self.headers:
            method = "COPY"
        elif method == "GET" and not self.key:
            method = "LIST"
        store = self.server
        time.sleep(store.delay)
        with store.lock:
            store.requests[method] += 1
            store.log.append((method, self.key))
            if not unquote(url.path).startswith(f"/{BUCKET}"):
                return self.answer(404, error="NoSuchBucket")
            if store.draws.random() < store.busy:
                return self.answer(503, error="SlowDown")
            is_write = method in ("PUT", "COPY", "DELETE", "POST")
            if store.end_after is not None:
                if store.end_after == 0:
                    return self.answer(403, error="Ended")
                store.end_after -= is_write
            if store.refuse and store.refuse.search(self.key):
                return self.answer(403, error="AccessDenied")
            drawn = store.draws.random()
            self.lose_answer = is_write and drawn < store.lost
            getattr(self, f"do_{method.lower()}")()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_request

    def do_put(self) -> None:
        present = self.server.objects.get(self.key)
        if self.headers.get("If-None-Match") == "*" and present:
            return self.answer(412, error="PreconditionFailed")
        if (etag := self.headers.get("If-Match")) and (present or ("", ""))[1] != etag:
            return self.answer(412 if present else 404, error="PreconditionFailed")
        self.answer(200, etag=self.server.write(self.key, self.body))

    def do_copy(self) -> None:
        source = unquote(self.headers["x-amz-copy-source"]).split("/", 1)[1]
        if source.removeprefix("/") not in self.server.objects:
            return self.answer(404, error="NoSuchKey")
        etag = self.server.write(self.key, self.server.objects[source][0])
        body = f"<CopyObjectResult><ETag>{escape(etag)}</ETag></CopyObjectResult>"
        self.answer(200, body.encode())

    def do_get(self) -> None:
        self.server.on_read(self.key)
        if self.key not in self.server.objects:
            return self.answer(404, error="NoSuchKey")
        data, etag, modified = self.server.objects[self.key]
        if not (span := self.headers.get("Range")):
            return self.answer(200, data, etag=etag, modified=modified)
        first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", span).groups()
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(len(data), int(last) + 1) if first and last else len(data)
        if start >= len(data):
            return self.answer(416, error="InvalidRange")
        place = f"bytes {start}-{end - 1}/{len(data)}"
        self.answer(206, data[start:end], etag=etag, modified=modified, place=place)

    def do_head(self) -> None:
        if self.key not in self.server.objects:
            return self.answer(404)
        data, etag, modified = self.server.objects[self.key]
        self.answer(200, data, etag=etag, modified=modified)

    def do_delete(self) -> None:
        self.server.objects.pop(self.key, None)
        self.answer(204)

    def do_post(self) -> None:
        keys = re.findall(r"<Key>(.*?)</Key>", self.body.decode())
        for key in keys:
            self.server.objects.pop(unescape(key), None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def do_list(self) -> None:
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        keys = sorted(key for key in self.server.objects if key.startswith(prefix) and key > after)
        folders: dict[str, None] = {}
        if delimiter:
            rest = [(key, key[len(prefix) :].split(delimiter)) for key in keys]
            folders = dict.fromkeys(f"{prefix}{steps[0]}/" for _, steps in rest if len(steps) > 1)
            keys = [key for key, steps in rest if len(steps) == 1]
        page, more = keys[:1000], keys[1000:]
        lines = [f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in folders]
        for key in page:
            data, etag, modified = self.server.objects[key]
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(modified))
            at += f".{int(modified * 1000) % 1000:03d}Z"
            lines.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified>"
                f"<ETag>{escape(etag)}</ETag><Size>{len(data)}</Size></Contents>"
            )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{token}{''.join(lines)}"
        self.answer(200, f"<ListBucketResult>{body}</ListBucketResult>".encode())

    def answer(
        self,
        status: int,
        body: bytes = b"",
        *,
        etag: str = "",
        modified: float = 0.0,
        place: str = "",
        error: str = "",
    ) -> None:
        if getattr(self, "lose_answer", False) and status < 300:
            self.lose_answer = False
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if error:
            body = f"<Error><Code>{error}</Code><Message>As told</Message></Error>".encode()
        self.send_response(status)
        headers = {"ETag": etag, "Content-Range": place}
        if modified:
            headers["Last-Modified"] = time.strftime(
                "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(modified)
            )
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            if status < 300 and self.server.cut and self.server.cut.search(self.key):
                body = body[: len(body) // 2]
                self.close_connection = True
            self.server.sent += len(body)
            self.wfile.write(body)
