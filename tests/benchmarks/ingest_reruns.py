"""What a second ingest costs: of nothing new, and of one changed document, with the proofs.

Under strace, an ingest of nothing new opens no file of the source; after one document changed, one
part is read and one file of each table written, all others are links to those of before.
"""

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from ingest_command import Cost, wardrobe

PART_TABLES = ("images", "items", "landmarks", "polygons", "rejections")


def measure(source: Path, lake: Path, documents: int) -> None:
    """Both re-runs on a lake that holds all of the source; the document is changed back after."""
    arguments = ("ingest", "deepfashion2", source, "--lake", lake)
    print(f"\n{'second ingests':<28}{'seconds':>9}{'CPU s':>8}{'MiB itself':>12}  outcome")
    for _ in range(3):
        show("nothing new", wardrobe(*arguments))
    print(f"    source files opened: {sum(opened(source, arguments).values()):,}")

    document = next(os.scandir(source / "train" / "annos")).path
    before = Path(document).read_bytes()
    try:
        for turn in range(2):
            Path(document).write_bytes(changed(before, turn + 1))
            files = published(lake)
            show("one changed document", wardrobe(*arguments, "--workers", 2))
            print(f"    seconds: {stages(lake)}")
            print(f"    files of parts written anew: {dict(anew(lake, files))}")
        Path(document).write_bytes(changed(before, 3))
        seen = opened(source, arguments)
        print(f"    source files opened: {sum(seen.values()):,} of {documents:,}")
    finally:
        Path(document).write_bytes(before)


def show(step: str, cost: Cost) -> None:
    said = cost.output.strip().splitlines()
    print(
        f"{step:<28}{cost.seconds:>9.2f}{cost.cpu:>8.2f}{cost.itself:>12,.0f}  {said[0][:90]}",
        flush=True,
    )


def changed(document: bytes, by: int) -> bytes:
    """The same document otherwise, so that a row of every table differs: pair, box, points."""
    found = json.loads(document)
    item = next(value for key, value in found.items() if key.startswith("item"))
    item["bounding_box"][2] += by
    item["landmarks"][:3] = [by, by, 2]
    item["segmentation"][0][0] += by
    return json.dumps(found | {"pair_id": found["pair_id"] + by}).encode()


def published(lake: Path) -> dict[str, tuple[int, int]]:
    """Which file lies under which name in the current release."""
    release = (lake / "current").resolve()
    return {
        path.relative_to(release).as_posix(): (path.stat().st_dev, path.stat().st_ino)
        for path in release.rglob("*.parquet")
    }


def anew(lake: Path, before: dict[str, tuple[int, int]]) -> Counter[str]:
    """Files of the parts' tables that are no links to those of before, by table."""
    now = published(lake)
    return Counter(
        name.partition("/")[0]
        for name, place in now.items()
        if name.partition("/")[0] in PART_TABLES and before.get(name) != place
    )


def stages(lake: Path) -> str:
    run = json.loads((lake / "current" / "manifest.json").read_text())["runs"]
    return ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in run["seconds"].items())


def opened(source: Path, arguments: tuple[object, ...]) -> Counter[str]:
    """Files of the source that an ingest opens, as strace saw it; folders do not count."""
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed: what is opened cannot be proved")
    with tempfile.NamedTemporaryFile("r") as trace:
        tracing = ("strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace.name)
        # One process, because members are opened beside a folder's handle and tell no full path.
        wardrobe(*arguments, "--workers", 1, before=tracing)
        return Counter(
            name
            for line in trace
            if "O_DIRECTORY" not in line and "ENOENT" not in line
            for name in re.findall(r'"([^"]+)"', line)
            if name.startswith(f"{source}/") or re.fullmatch(r"\d{6}\.json", name)
        )
