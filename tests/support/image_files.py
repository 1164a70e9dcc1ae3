"""Where a release has the rows of its images."""

import pyarrow.parquet as pq

from flows.release import Release, arrow_input
from flows.release.release import TABLES_BY_IMAGE


def require_rows_in_files(release: Release) -> None:
    """Each row of the tables by image is in the one file that `Release.files` has for it."""
    for table in TABLES_BY_IMAGE:
        for dataset, split in release.splits(table):
            for file in release.files(table, dataset, split):
                rows = pq.read_table(arrow_input(file), columns=["image_id"], partitioning=None)
                for image_id in rows["image_id"].unique().to_pylist():
                    assert release.files(table, dataset, split, image_id) == [file]
