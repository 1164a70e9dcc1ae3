"""Whole ingests of the same files by every carrier, side by side in one run. Not part of the tests.

    python tests/benchmarks/carriers.py [--documents 20000] [--pictures 2000] [--rounds 2]

Generates annotation documents (`wardrobe sample deepfashion2 --no-images`), packs them into plain,
ZipCrypto and AES-256 zips, runs the whole `wardrobe ingest` command on each with one process, and
checks that all releases hold the same bytes. Ratios are to the folder of the same round, by CPU
time. Then embeds a quarter and all of some pictures, to see whether memory grows with them.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import packing
from ingest_command import Cost, wardrobe

SECRET = "shops and users"
HEAD = f"{'carrier':<20}{'seconds':>9}{'CPU s':>8}{'files/CPU s':>13}{'to folder':>11}{'MiB':>7}"


def packed(folder: Path, source: Path) -> dict[str, Path]:
    """The source and three folders of zips with the same files."""
    write = {
        "zip": packing.write_plain,
        "zip, ZipCrypto": lambda path, files: packing.write_zipcrypto(path, files, SECRET.encode()),
        "zip, AES-256": lambda path, files: packing.write_aes(path, files, SECRET.encode()),
    }
    places = {"folder": source}
    for kind, pack in write.items():
        places[kind] = folder / kind
        places[kind].mkdir()
        for split in ("train", "validation"):
            paths = sorted((source / split).rglob("*.json"))
            files = {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
            pack(places[kind] / f"{split}.zip", files)
    return places


def ingested(source: Path, lake: Path, *words: object) -> tuple[Cost, str]:
    """What an ingest into a fresh lake cost, and what the release holds."""
    shutil.rmtree(lake, ignore_errors=True)
    cost = wardrobe("ingest", "deepfashion2", source, "--lake", lake, "--workers", 1, *words)
    return cost, json.loads((lake / "current" / "manifest.json").read_text())["content"]


def compare(folder: Path, documents: int, rounds: int) -> None:
    """The carriers one after the other, every round anew."""
    source = folder / "source"
    wardrobe("sample", "deepfashion2", source, "--no-images", "--images", documents)
    places = packed(folder, source)
    print(HEAD)
    for _ in range(rounds):
        contents, least = set(), 0.0
        for kind, place in places.items():
            cost, content = ingested(place, folder / "lake")
            contents.add(content)
            least = least or cost.cpu
            print(
                f"{kind:<20}{cost.seconds:>9.2f}{cost.cpu:>8.2f}{documents / cost.cpu:>13,.0f}"
                f"{least / cost.cpu:>11.2f}{cost.itself:>7,.0f}",
                flush=True,
            )
        if len(contents) != 1:
            raise SystemExit("the carriers gave different releases")


def embed(folder: Path, pictures: int) -> None:
    """Memory of embedding and verifying a quarter of the pictures and all of them."""
    print(f"\n{'embedded pictures':<20}{'seconds':>9}{'MiB stored':>12}{'MiB memory':>12}")
    for count in (pictures // 4, pictures):
        source = folder / f"pictures-{count}"
        wardrobe("sample", "deepfashion2", source, "--images", count)
        lake = folder / "lake"
        cost, _ = ingested(source, lake, "--verify-images", "--embed-images")
        stored = sum(path.stat().st_size for path in (lake / "current/pictures").rglob("*.parquet"))
        print(
            f"{count:<20,}{cost.seconds:>9.2f}{stored / 2**20:>12,.0f}{cost.itself:>12,.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=2)
    wanted = parser.parse_args()
    os.environ["WARDROBE_ZIP_PASSWORD"] = SECRET
    with tempfile.TemporaryDirectory() as folder:
        if wanted.documents:
            compare(Path(folder), wanted.documents, wanted.rounds)
        if wanted.pictures:
            embed(Path(folder), wanted.pictures)


if __name__ == "__main__":
    main()
