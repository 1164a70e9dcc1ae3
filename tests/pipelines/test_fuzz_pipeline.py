"""Broken sources through the whole path: no crash, and what was read was written or refused.

`WARDROBE_FUZZ=10000` breaks that many documents, rows, zips and IDX files together instead of a
few seconds' worth. Seeded: the same number breaks the same things.
"""

import gzip
import os
import random
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import packing
import pyarrow.parquet as pq
import pytest
from fashionai_rows import random_row, table
from ingesting import built_parts, ingested, rows_of
from mutations import DOCUMENT_MUTATIONS, mutated_archive, mutated_table, original_documents

from flows.lake import Lake, Staging
from flows.release import Receipt
from schemas import TABLES
from schemas.errors import InputError
from schemas.rejection_rules import RULES

TIMES = int(os.environ.get("WARDROBE_FUZZ", "200"))
DOCUMENTS, ROWS, ZIPS, FILES = TIMES // 2, TIMES // 5, TIMES // 5, TIMES // 10
TOGETHER = 500
SECRET = b"shops and users"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def staging(tmp_path_factory) -> Iterator[Staging]:
    """A staging folder that parts are built in and that is never published."""
    with Lake(tmp_path_factory.mktemp("fuzz") / "lake").writing() as staging:
        yield staging


def built(staging: Staging, dataset: str, source: Path) -> list[Receipt]:
    """Every part of a source, built as an ingest builds them; checked to be whole."""
    receipts = built_parts(dataset, source, staging.folder, verify_images=True)
    for receipt in receipts:
        require_nothing_lost(staging.folder, receipt)
    return receipts


def require_nothing_lost(folder: Path, receipt: Receipt) -> None:
    """Read = written + refused, by the files themselves; words and nulls as declared."""
    rows = {
        file.table: pq.read_table(folder / file.path, partitioning=None) for file in receipt.files
    }
    items_refused = rows["rejections"]["item_no"]
    refused = items_refused.null_count, len(items_refused) - items_refused.null_count
    assert receipt.counts["documents_read"] == rows["images"].num_rows + refused[0]
    assert receipt.counts["items_read"] == rows["items"].num_rows + refused[1]
    assert set(rows["rejections"]["rule"].to_pylist()) <= RULES.keys()
    for name, table_rows in rows.items():
        table_rows.validate(full=True)
        required = {field.name for field in TABLES[name].schema if not field.nullable}
        for column in required & set(table_rows.schema.names):
            assert table_rows[column].null_count == 0


def test_broken_documents_are_published_or_refused_and_the_checks_find_nothing_wrong(tmp_path):
    chance, sound = random.Random("documents"), original_documents()
    for first in range(0, DOCUMENTS, TOGETHER):
        annos = tmp_path / f"source{first}" / "train" / "annos"
        annos.mkdir(parents=True)
        count = min(TOGETHER, DOCUMENTS - first)
        for number in range(1, count + 1):
            mutation = chance.choice(DOCUMENT_MUTATIONS)
            (annos / f"{number:06d}.json").write_bytes(mutation(chance, chance.choice(sound)))
        lake = tmp_path / "lake"
        source = annos.parents[1]
        # PublicationBlocked would mean that a document was accepted that breaks the tables.
        ingested("deepfashion2", source, lake, allow_refused=["train"])
        ((images, documents),) = rows_of(
            lake,
            "select (select count(*) from images), "
            "(select count(distinct file_name) from rejections where item_no is null)",
        )
        assert images + documents == count
        counts = Lake(lake).release().manifest.split_counts("deepfashion2")["train"]
        assert counts["items_read"] == counts["items"] + counts["items_refused"]
        assert Lake(lake).verify() == []
        shutil.rmtree(lake)


def test_broken_rows_are_written_or_refused(staging, tmp_path):
    chance = random.Random("rows")
    refused_whole = 0
    many = max(1, ROWS // 20)
    for number in range(many):
        rows = [random_row(chance, 20 * number + place) for place in range(20)]
        path = tmp_path / "train.csv"
        path.write_bytes(mutated_table(table(*rows), chance))
        refused_whole += not sentence_or_parts(staging, "fashionai", path)
    assert refused_whole < many or many < 5


def test_broken_zips_are_a_sentence_or_are_read_and_refused(staging, tmp_path, monkeypatch):
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", SECRET.decode())
    chance, path = random.Random("zips"), tmp_path / "train.zip"
    documents = original_documents()[:6]
    files = {f"train/annos/{number:06d}.json": data for number, data in enumerate(documents, 1)}
    files["train/image/000001.jpg"] = b"\xff\xd8\xff\xe0 no picture"
    whole = [
        packing.write_plain(path, files).read_bytes(),
        packing.write_zipcrypto(path, files, SECRET).read_bytes(),
        packing.write_aes(path, files, SECRET).read_bytes(),
    ]
    for _ in range(ZIPS):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 1, 4))):
            # Half of the flips hit the directory, which is a small part of an archive.
            low = chance.choice((0, len(data) - 700))
            data[chance.randrange(low, len(data))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)) :]
        path.write_bytes(data)
        sentence_or_parts(staging, "deepfashion2", path)


def test_broken_idx_files_are_a_sentence_or_are_read(staging, tmp_path):
    chance = random.Random("idx")
    count = 5
    images = struct.pack(">IIII", 2051, count, 28, 28) + chance.randbytes(784 * count)
    labels = struct.pack(">II", 2049, count) + bytes(range(count))
    for _ in range(FILES):
        for name, data in (("images-idx3", images), ("labels-idx1", labels)):
            pack = chance.choice((gzip.compress, bytes))
            content = pack(data)
            if chance.random() < 0.6:
                content = mutated_archive(content, chance)
            path = tmp_path / f"train-{name}-ubyte"
            path.unlink(missing_ok=True)
            path.with_suffix(".gz").unlink(missing_ok=True)
            (path.with_suffix(".gz") if pack is gzip.compress else path).write_bytes(content)
        sentence_or_parts(staging, "fashion-mnist", tmp_path)


def sentence_or_parts(staging: Staging, dataset: str, source: Path) -> bool:
    """Whether the source was built; else it was refused whole, in one sentence for people."""
    try:
        return bool(built(staging, dataset, source))
    except InputError as error:
        assert str(error) and "\n" not in str(error)
        return False
