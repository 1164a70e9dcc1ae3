"""Bytes and requests of selective reads, against the bytes of their table.

    python tests/benchmarks/selective.py [--images 191961] [--lake LAKE]

Ingests generated documents (`wardrobe sample deepfashion2 --no-images`), or takes a lake that has
them, copies the release into a stub of an object store, and reads one image and one category: by
DuckDB over the files that can have rows of that image (`Release.files`, which `wardrobe show` and
`wardrobe path` use) and over all files of the split (`wardrobe sql`). Bytes are those that the
engine reads through `release://`, requests are those to the store. Footers are part of both.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark import Table, options, wardrobe
from object_stores import BUCKET, StubStore, environment, stub_store

from flows.lake import Lake
from flows.release import Release
from flows.release.file_system import ReleaseFile
from flows.release.release import TABLES_BY_IMAGE
from flows.storage.objects import ObjectPath
from flows.warehouse import open_warehouse

SPLIT = "dataset = 'deepfashion2' and split = 'train'"


@contextmanager
def counted_bytes() -> Iterator[list[int]]:
    """The sizes of all reads of engines, one list for the block."""
    sizes: list[int] = []
    read = ReleaseFile.read

    def counted(file: ReleaseFile, size: int = -1) -> bytes:
        data = read(file, size)
        sizes.append(len(data))
        return data

    ReleaseFile.read = counted
    try:
        yield sizes
    finally:
        ReleaseFile.read = read


def ask(release: Release, image: int | None, table: str, text: str) -> tuple[int, int]:
    """Rows of a query and bytes read for it; with an image, from the files that can have it."""
    images = None if image is None else [("deepfashion2", "train", image)]
    with counted_bytes() as sizes, open_warehouse(release.tables(images), only=[table]) as con:
        rows = len(con.sql(text).fetchall())
    return rows, sum(sizes)


def upload(release: Release, store: StubStore) -> Release:
    """The same release in the store."""
    for table in TABLES_BY_IMAGE:
        for file in release.files(table):
            store.write(f"release/{file.relative_to(release.path)}", file.read_bytes())
    return Release(ObjectPath(BUCKET, "release"), release.manifest)


def compare(release: Release, store: StubStore, image: int) -> None:
    """Every query, on files and in the store."""
    uploaded = upload(release, store)
    queries: list[tuple[str, int | None, str]] = []
    for table in ("images", "items", "landmarks", "polygons"):
        text = f"select * from {table} where {SPLIT} and image_id = {image}"
        queries += [(table, image, text), (table, None, text)]
    for category in (1, 6):
        for columns in ("*", "image_id, item_no", "count(*)"):
            text = f"select {columns} from items where {SPLIT} and category_id = {category}"
            queries.append(("items", None, text))
    table = Table(
        files="<14", rows=">8,d", bytes=">12,d", of_table=">9.1%", requests=">9,d",
        bytes_of_store=">15,d", of_table_=">12.1%", query="<90",
    )  # fmt: skip
    for name, of_image, text in queries:
        rows, size = ask(release, of_image, name, text)
        store.reset()
        ask(uploaded, of_image, name, text)
        total = sum(record.bytes for record in release.manifest.of(name))
        files = "all" if of_image is None else "of the image"
        requests, sent = sum(store.requests.values()), store.sent
        table.row(files, rows, size, size / total, requests, sent, sent / total, f"  {text}")


def main() -> None:
    chosen = options(__doc__, images=191_961, lake=None)
    with tempfile.TemporaryDirectory() as temporary, stub_store() as store:
        lake = chosen.lake or Path(temporary) / "lake"
        if not chosen.lake:
            source = Path(temporary) / "source"
            wardrobe("sample", "deepfashion2", source, "--no-images", "--images", chosen.images)
            wardrobe("ingest", "deepfashion2", source, "--lake", lake)
        os.environ |= environment(store.url)
        compare(Lake(lake).release(), store, chosen.images // 2)


if __name__ == "__main__":
    main()
