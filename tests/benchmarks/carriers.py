"""The same files in a folder and in zips, in one run: reading them, whole ingests, embedding.

    python tests/benchmarks/carriers.py [--documents 20000] [--pictures 2000] [--workers 2]
        [--rounds 2]

Generates documents and pictures (`wardrobe sample deepfashion2`) and packs them into plain, stored,
ZipCrypto and AES-256 zips. Reads all documents, and the first KiB of all pictures; then runs the
`wardrobe ingest` command on the documents of each carrier with one process and with several. All
carriers must give the same bytes and the same release. Ratios are to the folder, by CPU time. The
keys of AES-256 are derived alone too: that is the limit of reading such a zip. Then embeds a
quarter and all of the pictures, to see whether memory grows with them.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

from benchmark import MIB, Table, in_process, options, remove_lake, timed, wardrobe

SECRET = "shops and users"
CARRIERS = ("folder", "zip", "zip, stored", "zip, ZipCrypto", "zip, AES-256")


def packed(folder: Path, source: Path) -> dict[str, Path]:
    """The source, and folders of zips with the same files."""
    import packing

    writers = (
        packing.write_plain,
        lambda path, files: packing.write_plain(path, files, zipfile.ZIP_STORED),
        lambda path, files: packing.write_zipcrypto(path, files, SECRET.encode()),
        lambda path, files: packing.write_aes(path, files, SECRET.encode()),
    )
    carriers = {"folder": source}
    for kind, write in zip(CARRIERS[1:], writers, strict=True):
        carriers[kind] = folder / kind
        carriers[kind].mkdir(parents=True)
        for split in sorted(path.name for path in source.iterdir()):
            paths = sorted(path for path in (source / split).rglob("*.*") if path.is_file())
            files = {path.relative_to(source).as_posix(): path.read_bytes() for path in paths}
            write(carriers[kind] / f"{split}.zip", files)
    return carriers


def read(path: Path, ending: str) -> tuple[float, float, int, str]:
    """Read documents whole, or the first KiB of pictures: seconds, CPU seconds, files, sha256."""
    import pyarrow.compute as pc
    from packing import listed

    from flows.storage import Location, read_heads, read_members

    location = Location.parse(path)
    members = listed(location)
    members = members.filter(pc.ends_with(members["name"], ending))
    if ending == ".json":
        documents, cost = timed(lambda: list(read_members(location, members)))
        contents = [document.data for document in documents]
    else:
        contents, cost = timed(
            lambda: list(read_heads(location, members, lambda head, whole: head))
        )
    return *cost, len(contents), hashlib.sha256(b"".join(contents)).hexdigest()


def derive_keys(count: int) -> float:
    """CPU seconds for the keys of that many members, in the rounds that the format prescribes."""
    from flows.storage.zips.aes import derive

    return timed(lambda: [derive(SECRET.encode(), os.urandom(16), 3) for _ in range(count)])[1].cpu


def ingest(
    source: Path, lake: Path, workers: int, *words: object
) -> tuple[float, float, float, str]:
    """Ingest into a new lake: seconds, CPU seconds, MiB, and the hash of the release's content."""
    remove_lake(lake)
    done = wardrobe("ingest", "deepfashion2", source, "--lake", lake, "--workers", workers, *words)
    content = json.loads((lake / "current" / "manifest.json").read_text())["content"]
    return done.seconds, done.cpu, done.own / MIB, content


def compare(folder: Path, source: Path, ending: str, rounds: int, workers: int) -> None:
    """Read the files of every carrier, and ingest documents; every round by all of them."""
    carriers = packed(folder / source.name, source)
    print(f"\n{ending} files")
    table = Table(
        carrier="<16", step="<20", files=">9,d", seconds=">9.2f", CPU_s=">8.2f", to_folder=">11.2f",
        files_per_CPU_s=">17,.0f", MiB=">7,.0f",
    )  # fmt: skip
    for _ in range(rounds):
        of_folder: dict[str, tuple[float, str]] = {}
        for kind, path in carriers.items():
            seconds, cpu, files, digest = in_process("spawn", read, path, ending)
            rows = [("read", seconds, cpu, digest, None)]
            for count in sorted({1, workers}) if ending == ".json" else ():
                seconds, cpu, memory, content = ingest(path, folder / "lake", count)
                rows.append((f"ingest, workers {count}", seconds, cpu, content, memory))
            for step, seconds, cpu, digest, memory in rows:
                least, expected = of_folder.setdefault(step, (cpu, digest))
                if digest != expected:
                    raise SystemExit(f"{step}: {kind} gave other bytes than the folder")
                table.row(kind, step, files, seconds, cpu, least / cpu, files / cpu, memory)
        cpu = derive_keys(files)
        table.row(kind, "keys alone", files, None, cpu, None, files / cpu, None)


def embed(folder: Path, source: Path, pictures: int) -> None:
    """Memory of embedding and verifying these pictures."""
    lake = folder / "lake"
    seconds, _, memory, _ = ingest(source, lake, 1, "--verify-images", "--embed-images")
    stored = sum(path.stat().st_size for path in (lake / "current/pictures").rglob("*.parquet"))
    table = Table(embedded_pictures=">17,d", seconds=">9.2f", MiB_stored=">12,.0f", MiB=">7,.0f")
    table.row(pictures, seconds, stored / MIB, memory)


def main() -> None:
    chosen = options(__doc__, documents=20_000, pictures=2_000, workers=2, rounds=2)
    os.environ["WARDROBE_ZIP_PASSWORD"] = SECRET
    with tempfile.TemporaryDirectory() as temporary:
        folder, sample = Path(temporary), ("sample", "deepfashion2")
        if chosen.documents:
            source = folder / "documents"
            wardrobe(*sample, source, "--no-images", "--images", chosen.documents)
            compare(folder / "carriers", source, ".json", chosen.rounds, chosen.workers)
        for count in filter(None, (chosen.pictures // 4, chosen.pictures)):
            source = folder / f"pictures-{count}"
            wardrobe(*sample, source, "--images", count)
            embed(folder, source, count)
        if chosen.pictures:
            compare(folder / "carriers", source, ".jpg", chosen.rounds, chosen.workers)


if __name__ == "__main__":
    main()
