"""Server time and memory of `wardrobe browse` on a release of 200,000 generated documents.

    python tests/benchmarks/browse.py [--images 200000] [--pages 2000] [--folder FOLDER]

Makes the release (no ingest; a few pictures serve all images) in a temporary folder or in FOLDER,
where it stays for the next time, starts the command in a process, and asks as a browser does:
first page after the start, grids of 60 and images one after the other, 20 readers at once, then
the process's memory after so many pages. Times are those of a client on this machine.
"""

import http.client
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
from benchmark import Table, options
from large_release import PART, write_large
from releases import jpeg, write_manifest

from flows.release.manifest import FileRecord, part_name
from flows.warehouse.release_names import part_number

NAME = "20261121T031500Z-00000001"
PICTURES = 2_000
READERS = 20
GRIDS = (
    "/?",
    "/?source=user&",
    "/?category_name=trousers&",
    "/?occlusion=heavy&visibility=occluded&",
    f"/?where={quote('x2 - x1 < 40 and style > 0')}&",
)


def made(folder: Path, images: int) -> Path:
    """The lake of a release of that many images, with pictures for the first of each split."""
    release = folder / "lake" / "releases" / NAME
    if (release / "manifest.json").exists():
        return folder / "lake"
    release.mkdir(parents=True)
    files = write_large(release, {"train": images * 4 // 5, "validation": images // 5})
    records = [
        FileRecord(
            str(path.relative_to(release)),
            table,
            pq.read_metadata(path).num_rows,
            path.stat().st_size,
            "",
            _part(path),
        )
        for table, paths in files.items()
        for path in paths
    ]
    source = folder / "source"
    for split in ("train", "validation"):
        (source / split / "image").mkdir(parents=True)
        for number in range(1, PICTURES + 1):
            data = jpeg(468, 624, number % 50)
            (source / split / "image" / f"{number:06}.jpg").write_bytes(data)
    pictures = {split: split + "/image/{file_name}" for split in ("train", "validation")}
    inputs = {"location": str(source), "kind": "folder", "pictures": pictures}
    write_manifest(release, records, {"deepfashion2": inputs}, content="browse")
    (folder / "lake" / "current").symlink_to(f"releases/{NAME}")
    return folder / "lake"


def _part(path: Path) -> str | None:
    """The part whose rows a file has."""
    steps = [step.partition("=")[2] for step in path.parts[-3:-1]]
    return part_name(*steps, part_number(path)) if all(steps) else None


class Reader:
    """A client with one connection."""

    def __init__(self, port: int, seed: int, images: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._random = random.Random(seed)
        self._images = images

    def get(self, path: str) -> float:
        """Seconds until a page was read."""
        start = time.perf_counter()
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status}")
        return time.perf_counter() - start

    def _number(self) -> int:
        number = self._random.randrange(1, self._images * 4 // 5)
        return number if number % PART else number + 1  # multiples of PART do not exist

    def grid(self, start: str) -> float:
        """A page of 60 somewhere in the selection."""
        return self.get(f"{start}after=deepfashion2/train/{self._number()}")

    def image(self) -> float:
        """A page of an image."""
        return self.get(f"/image/deepfashion2/train/{self._number()}?source=user")

    def thumbnail(self) -> float:
        """A thumbnail of an image that has a picture."""
        number = self._random.randrange(1, PICTURES)
        return self.get(f"/picture/deepfashion2/train/{number}?side=320")

    def visit(self, pages: int) -> None:
        """Pages as a person opens them: a grid, four images, some thumbnails."""
        for page in range(pages):
            if page % 5:
                self.image()
            else:
                self.grid(GRIDS[page // 5 % len(GRIDS)])
            self.thumbnail()


def resident(process: int) -> float:
    """MiB in memory, now, of a process and of those that it started."""
    status = Path(f"/proc/{process}/status").read_text()
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024 + sum(map(resident, children))


def cpu_seconds(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(lake: Path, images: int, pages: int) -> None:
    table = Table(what="<44", median_ms=">10.1f", CPU_ms=">8.1f", MiB=">6.0f")
    command = [sys.executable, "-m", "flows", "browse", "--no-open", "--port", "0"]
    begin = time.perf_counter()
    with subprocess.Popen(
        [*command, "--lake", str(lake), "--timeout", "60"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            started = time.perf_counter() - begin
            port = int(line.split()[1].rstrip("/").rpartition(":")[2])
            reader = Reader(port, 0, images)

            def row(what: str, ask, times: int) -> None:
                before = cpu_seconds(server.pid)
                seconds = [ask() for _ in range(times)]
                cpu = (cpu_seconds(server.pid) - before) / times
                table.row(what, statistics.median(seconds) * 1e3, cpu * 1e3, resident(server.pid))

            table.row("start of the command", started * 1e3, 0, resident(server.pid))
            row("first page after the start", lambda: reader.get("/"), 1)
            for start in GRIDS:
                # The images of a filter are computed once, by its first page.
                row(f"first page of {start[:30]}", lambda start=start: reader.grid(start), 1)
                row(f"grid of 60: {start[:32]}", lambda start=start: reader.grid(start), 31)
            row("image", reader.image, 61)
            row("thumbnail", reader.thumbnail, 61)
            readers = [Reader(port, seed, images) for seed in range(READERS)]
            before, begin = cpu_seconds(server.pid), time.perf_counter()
            with ThreadPoolExecutor(READERS) as pool:
                list(pool.map(lambda each: each.visit(pages // READERS), readers))
            seconds, cpu = time.perf_counter() - begin, cpu_seconds(server.pid) - before
            table.row(
                f"{pages} pages by {READERS} readers at once, each",
                seconds / pages * 1e3,
                cpu / pages * 1e3,
                resident(server.pid),
            )
        finally:
            server.terminate()


if __name__ == "__main__":
    chosen = options(__doc__ or "", images=200_000, pages=2_000, folder="")
    with tempfile.TemporaryDirectory() as temporary:
        measure(made(Path(chosen.folder or temporary), chosen.images), chosen.images, chosen.pages)
