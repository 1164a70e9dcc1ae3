"""Parts whose build waits for a file: a test can act while they are being built."""

import os
from pathlib import Path

from spark_cluster import wait_until

from flows.pipelines.parts import PartJob, build_part
from flows.release import Receipt


def build_held_part(folder: Path, job: PartJob) -> Receipt:
    """Leave a file in the folder, wait for its file `go`, then build the part."""
    (folder / f"{job.part.name.replace('/', '-')}.{os.getpid()}").touch()
    wait_until((folder / "go").exists, job.part.name)
    return build_part(job)
