"""Ingests for tests: straight through the pipeline, in this process unless workers are given."""

import re
from pathlib import Path
from typing import Any

from flows.lake import open_lake
from flows.pipelines.ingest import ingest
from flows.pipelines.outcome import Summary
from flows.pipelines.parts import PartJob, build_part
from flows.pipelines.request import IngestRequest
from flows.pipelines.sample import write_sample
from flows.pipelines.source import Source
from flows.release import Receipt
from flows.runners import local_runner
from flows.storage.place import Place
from flows.warehouse import open_warehouse, queries
from schemas import TABLES


def ingested(
    dataset: str, source: Path, lake: Place, *, workers: int = 1, **options: Any
) -> Summary:
    """Ingest a source. Raises PublicationBlocked when nothing may be published."""
    request = IngestRequest(dataset, str(source), str(lake), **options)
    return ingest(request, local_runner(workers))


def ingest_three(folder: Path) -> None:
    """Write small sources of the three data sets and ingest them into `folder/lake`."""
    write_sample("deepfashion2", folder / "deepfashion2", 30, 1)
    write_sample("fashionai", folder / "fashionai", 10, 1)
    write_sample("fashion-mnist", folder / "fashion-mnist", 60, 1)
    for dataset in ("deepfashion2", "fashionai", "fashion-mnist"):
        ingested(dataset, folder / dataset, folder / "lake")


def built_parts(dataset: str, source: Path, folder: Path, **options: Any) -> list[Receipt]:
    """The receipts of all parts of a source, built into a folder; nothing is derived or checked."""
    folder.mkdir(exist_ok=True)
    request = IngestRequest(dataset, str(source), **options)
    pictures = {
        "verify_images": bool(request.verify_images),
        "embed_images": bool(request.embed_images),
    }
    parts = Source.read(request, None, folder).plan.changed
    return [build_part(PartJob(part, request.location, folder, **pictures)) for part in parts]


def rows_of(lake: Place, sql: str) -> list[tuple]:
    """The rows of a SELECT over the current release."""
    words = {*re.findall(r"\w+", sql)}
    only = words & {*TABLES, *(query.name for query in queries("statistics"))}
    with open_warehouse(open_lake(lake).release().tables(), only=only) as con:
        return con.sql(sql).fetchall()


def file_hashes(lake: Place) -> dict[str, str]:
    """sha256 by path of every file the current release records."""
    return {file.path: file.sha256 for file in open_lake(lake).release().manifest.files}
