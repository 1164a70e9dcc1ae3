"""Releases with mutated manifests and Parquet files, read as the commands read them, from a seed.

A case writes one mutated file, asks what the file would be asked for, and restores it. Whatever is
raised must be an InputError or have a sentence; anything else fails with the seed and the number of
the case. Each run of cases is a process of its own, because a mutation might end one.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from damaged_lakes import copy_of
from mutations import JUNK, cut_out, flip_a_bit, random_value

from flows.exports.coco.layout import CocoOptions
from flows.feed import Feed
from flows.lake import Lake
from flows.pipelines import query, releases, tables
from flows.pipelines.derive import PairSettings
from flows.pipelines.export import export_coco
from flows.pipelines.failures import sentence_of
from flows.pipelines.show import show_image
from flows.release import Release

TABLES = ("images", "items", "landmarks", "polygons", "pairs", "rejections")


def mutated_manifest(rng: random.Random, data: bytes) -> bytes:
    """Bytes flipped, cut out or put in; or a value, a key or a nested value replaced by junk."""
    if rng.random() < 0.5:
        return rng.choice((flip_a_bit, cut_out, _insert))(rng, data)
    document = json.loads(data)
    holder, key = random_value(rng, document)
    if isinstance(holder, dict) and rng.random() < 0.3:
        holder[rng.choice(("", "x", "../x", "\0"))] = holder.pop(key)
    else:
        holder[key] = rng.choice([*JUNK, "../../x", "/etc/passwd", "a\0b", "x" * 5_000])
    return json.dumps(document).encode()


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    pieces = (b"\xff", b"[" * 3_000, b"{", b"1e999", b"\0", b"9" * 5_000, b'"', rng.randbytes(8))
    return data[:at] + rng.choice(pieces) + data[at:]


def mutated_parquet(rng: random.Random, data: bytes) -> bytes:
    """Mostly the footer: bits flipped, bytes replaced, cut out or put in; its length changed."""
    length = int.from_bytes(data[-8:-4], "little")
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8, 40))):
        in_footer = rng.random() < 0.8
        first, last = (len(data) - 8 - length, len(data)) if in_footer else (4, len(data))
        place = min(rng.randrange(first, last), len(content) - 1)
        choice = rng.random()
        if choice < 0.5:
            content[place] ^= 1 << rng.randrange(8)
        elif choice < 0.8:
            content[place] = rng.choice((0, 1, 0x15, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif choice < 0.9:
            del content[place : place + rng.choice((1, 2, 7, 100))]
        else:
            content[place:place] = rng.randbytes(rng.choice((1, 2, 8, 100)))
    return bytes(content)


def _ask_manifest(lake: Path, out: Path) -> None:
    tables.table_rows(tables.open_release(lake, None).manifest)
    releases.release_list(lake)
    PairSettings.recorded(Lake(lake).release().manifest.parameters)
    releases.verify_release(lake, None)


def _ask_tables(lake: Path, out: Path) -> None:
    for table in TABLES:
        with query.user_sql(lake, None, f"select * from {table}") as rows:
            for _ in rows:
                pass
    query.rejections_of(lake, None, None)


def _show(lake: Path, out: Path) -> None:
    show_image(lake, None, "deepfashion2", "train", 1, output=out / "one.png")


def _export(lake: Path, out: Path) -> None:
    release = tables.open_release(lake, None)
    options = CocoOptions(layout="official", task="all", visible_only=False)
    export_coco(release, "deepfashion2", split="train", output=out / "coco.json", options=options)


def _feed(lake: Path, out: Path) -> None:
    feed = Feed(lake, "deepfashion2", "train", task="landmarks", cache=out / f"{time.time_ns()}")
    feed.index.polygons  # noqa: B018
    feed[0]


def _verify(lake: Path, out: Path) -> None:
    releases.verify_release(lake, None)


MANIFEST_QUESTIONS: list[Callable[[Path, Path], None]] = [_ask_manifest, _feed]
TABLE_QUESTIONS: list[Callable[[Path, Path], None]] = [_ask_tables, _show, _export, _feed, _verify]


def try_mutations(lake: Path, out: Path, kind: str, seed: int, first: int, count: int) -> dict:
    """Run the cases of a seed; how many were noticed, the longest and the largest case."""
    release: Release = Lake(lake).release()
    manifest = release.path / "manifest.json"
    files = [path for table in TABLES for path in release.files(table)]
    for question in {*MANIFEST_QUESTIONS, *TABLE_QUESTIONS}:
        question(lake, out)  # an error over whole files would count as noticed damage
    figures = {"cases": 0, "noticed": 0, "longest_s": 0.0, "largest_bytes": 0}
    for number in range(first, first + count):
        rng = random.Random(f"{kind} {seed} {number}")
        path = manifest if kind == "manifest" else rng.choice(files)
        mutate = mutated_manifest if kind == "manifest" else mutated_parquet
        question = rng.choice(MANIFEST_QUESTIONS if kind == "manifest" else TABLE_QUESTIONS)
        sound = path.read_bytes()
        data = mutate(rng, sound)
        print(f"{kind} {seed} {number}", flush=True, file=sys.stderr)
        path.write_bytes(data)
        start = time.perf_counter()
        try:
            question(lake, out)
        except Exception as error:
            if sentence_of(error) is None:
                raise
            figures["noticed"] += 1
        finally:
            path.write_bytes(sound)
        figures["cases"] += 1
        figures["longest_s"] = max(figures["longest_s"], round(time.perf_counter() - start, 2))
        figures["largest_bytes"] = max(figures["largest_bytes"], len(data))
    return figures


def try_in_processes(
    lake: Path, folder: Path, kind: str, *, seed: int, cases: int, each: int = 2_000
) -> dict:
    """The cases in processes of `each`; AssertionError names the case that ended or failed one."""
    own = copy_of(lake, folder / f"lake-{kind}")
    total: dict = {}
    for first in range(0, cases, each):
        words = [own, folder, kind, seed, first, min(each, cases - first)]
        done = subprocess.run(
            [sys.executable, __file__, *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{kind}: exit code {done.returncode}: {done.stderr[-4_000:]}"
        for name, value in json.loads(done.stdout).items():
            add = sum if name in ("cases", "noticed") else max
            total[name] = add((total.get(name, 0), value))
    return total


if __name__ == "__main__":
    lake, folder, kind, *numbers = sys.argv[1:]
    print(json.dumps(try_mutations(Path(lake), Path(folder), kind, *map(int, numbers))))
