"""A small source and its lake that each test may change: ingested once, copied back before each."""

import shutil
from pathlib import Path

from ingesting import ingested

from flows.pipelines.sample import write_sample


def first_ingest(folder: Path, pictures: int) -> Path:
    """Write `work/source` and `work/lake` below the folder, and a copy of both."""
    work = folder / "work"
    write_sample("deepfashion2", work / "source", pictures, 5)
    ingested("deepfashion2", work / "source", work / "lake")
    shutil.copytree(work, folder / "copy", symlinks=True)
    return folder


def restored(folder: Path) -> Path:
    """`work` as it was after the ingest, at the path that its lake records."""
    shutil.rmtree(folder / "work")
    return shutil.copytree(folder / "copy", folder / "work", symlinks=True)
