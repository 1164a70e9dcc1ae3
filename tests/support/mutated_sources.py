"""Mutated sources of every kind, decoded: nothing raised but one sentence, and nothing lost.

A campaign mutates and decodes so many inputs from one seed, and says which case took longest and
which one raised the peak of memory most.
"""

import gzip
import json
import random
import resource
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import packing
import pyarrow as pa
from decoded_sources import decode_documents, decode_source
from deepfashion2_rows import documents_of
from fashionai_rows import random_row, row_again, table
from mutations import DOCUMENT_MUTATIONS, mutated_archive, mutated_table, original_documents

from flows.decode.fashion_mnist import FASHION_MNIST
from flows.decode.fashionai import FASHIONAI
from flows.flatten import flatten
from flows.storage import Location, read_heads, read_members
from flows.validate import validate_items
from schemas.errors import InputError
from schemas.rejection_rules import RULES

SECRET = b"shops and users"
DOCUMENTS_AT_ONCE = 20
WARM_UP = 2


@dataclass
class Campaign:
    """What a campaign did. Cases are numbered from 0; `largest` is in bytes, `longest` in seconds.

    `refused_whole` counts inputs that were one sentence; the others were read, with rejections.
    """

    kind: str
    seed: int
    inputs: int = 0
    refused_whole: int = 0
    longest: tuple[float, int] = (0.0, 0)
    largest: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        seconds, longest_case = self.longest
        size, largest_case = self.largest
        return (
            f"{self.kind}: {self.inputs:,} mutated inputs, seed {self.seed}, "
            f"{self.refused_whole:,} refused whole; longest case {longest_case} ({seconds:.3f} s), "
            f"largest case {largest_case} ({size / 2**20:.1f} MiB above the peak before it)"
        )


def run_campaign(kind: str, inputs: int, seed: int, folder: Path) -> Campaign:
    """Mutate and decode at least `inputs` inputs of a kind; AssertionError names the case."""
    campaign = Campaign(kind, seed)
    case = 0
    while campaign.inputs < inputs:
        chance = random.Random(f"{kind} {seed} {case}")
        peak, started = _peak(), time.perf_counter()
        try:
            count, refused = KINDS[kind](chance, folder)
        except Exception as error:
            error.add_note(f"{kind}, seed {seed}, case {case}")
            raise
        # The first cases import modules and fill caches, which says nothing of their inputs.
        if case >= WARM_UP:
            campaign.longest = max(campaign.longest, (time.perf_counter() - started, case))
            campaign.largest = max(campaign.largest, (_peak() - peak, case))
        campaign.inputs += count
        campaign.refused_whole += refused
        case += 1
    return campaign


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _documents(chance: random.Random, folder: Path) -> tuple[int, int]:
    texts = []
    for _ in range(DOCUMENTS_AT_ONCE):
        mutation = chance.choice(DOCUMENT_MUTATIONS)
        texts.append(mutation(chance, chance.choice(_originals())))
    return len(texts), check_documents(texts)


def _rows(chance: random.Random, folder: Path) -> tuple[int, int]:
    rows = [random_row(chance, number) for number in range(chance.choice((1, 5, 20)))]
    data = mutated_table(table(*rows), chance)

    def read() -> None:
        source = decode_source(FASHIONAI, {"train.csv": data})
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert source.documents_read == sum(line.removesuffix(b"\r") != b"" for line in lines) - 1
        assert set(source.rules) <= set(RULES)
        refused = {rejection["image_id"] for rejection in source.rejections}
        lost = {row for row in rows if row.encode() in lines} - set(map(row_again, source.images))
        # Only another line for the same image can refuse a sound one.
        assert {int(row.split("/")[2][:13], 16) for row in lost} <= refused

    return 1, _refused_whole(read)


def _idx(chance: random.Random, folder: Path) -> tuple[int, int]:
    count = 5
    images = struct.pack(">IIII", 2051, count, 28, 28) + chance.randbytes(784 * count)
    labels = struct.pack(">II", 2049, count) + bytes(range(count))
    files = {}
    for name, data in (("images-idx3", images), ("labels-idx1", labels)):
        packed = gzip.compress(data) if chance.random() < 0.5 else data
        mutated = mutated_archive(packed, chance) if chance.random() < 0.7 else packed
        files[f"train-{name}-ubyte.gz"] = mutated

    def read() -> None:
        source = decode_source(FASHION_MNIST, files)
        assert source.documents_read == source.items_read == count
        assert set(source.rules) <= set(RULES)

    return 1, _refused_whole(read)


def _zips(chance: random.Random, folder: Path) -> tuple[int, int]:
    """A zip; half of the flips hit its directory. WARDROBE_ZIP_PASSWORD must hold SECRET."""
    data, files = chance.choice(_archives(folder))
    mutated = bytearray(data)
    for _ in range(chance.choice((1, 1, 4))):
        low = chance.choice((0, max(0, len(mutated) - 700)))
        mutated[chance.randrange(low, len(mutated))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.1:
        del mutated[chance.randrange(len(mutated)) :]
    path = folder / "mutated" / "train.zip"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(mutated)

    def read() -> None:
        location = Location.parse(path)
        members = packing.listed(location)
        documents = list(read_members(location, members))
        heads = list(read_heads(location, members, lambda head, whole: head))
        names = members["name"].to_pylist()
        assert [document.name for document in documents] == names == sorted(set(names))
        assert len(heads) == len(names)
        for document in documents:
            assert document.data in files or document.rule in RULES

    return 1, _refused_whole(read)


KINDS: dict[str, Callable[[random.Random, Path], tuple[int, int]]] = {
    "documents": _documents,
    "rows": _rows,
    "idx": _idx,
    "zips": _zips,
}
"""What is mutated: a function from chance and a folder of its own to inputs and refused ones."""


def _refused_whole(read: Callable[[], object]) -> bool:
    """Whether reading ended in one sentence for people."""
    try:
        read()
    except InputError as error:
        assert str(error) and "\n" not in str(error)
        return True
    return False


@lru_cache
def _originals() -> list[bytes]:
    return original_documents()


@lru_cache
def _archives(folder: Path) -> list[tuple[bytes, tuple[bytes, ...]]]:
    """Sound archives, plain and locked, with what their members hold."""
    path = folder / "sound.zip"
    documents = [document[:300] for document in _originals()[:6]]
    files = {f"train/annos/{number:06}.json": data for number, data in enumerate(documents, 1)}
    made = [
        packing.write_plain(path, files).read_bytes(),
        packing.write_zipcrypto(path, files, SECRET).read_bytes(),
        packing.write_aes(path, files, SECRET).read_bytes(),
        packing.write_zip(
            path, [packing.packed("./" + name, data) for name, data in files.items()], wide=True
        ).read_bytes(),
    ]
    return [(data, tuple(files.values())) for data in made]


def check_documents(texts: list[bytes]) -> int:
    """Read = written + refused, and what was written says what the text says."""
    read = decode_documents(*texts)
    accepted, refused = validate_items(read.annotations)
    tables = flatten(accepted)
    rejections = pa.Table.from_batches([read.rejections, refused]).to_pylist()
    whole = [row["image_id"] for row in rejections if row["item_no"] is None]
    items = {(row["image_id"], row["item_no"]) for row in rejections if row["item_no"] is not None}
    assert read.documents_read == len(texts) == len(accepted) + len(set(whole))
    assert read.items_read == len(tables["items"]) + len(items)
    assert len(rejections) == len(whole) + len(items)

    back = documents_of(tables)
    assert set(back) | set(whole) == set(range(1, len(texts) + 1))
    for image_id, document in back.items():
        text = texts[image_id - 1]
        expected = json.loads(text, object_pairs_hook=_once_each, parse_int=_any_int)
        left = {
            key: value for key, value in expected.items() if (image_id, _number(key)) not in items
        }
        assert document == left
    for batch in (accepted, *tables.values()):
        batch.validate(full=True)
    return len(whole)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one whose keys repeat equals no document that was read."""
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {"repeated": pairs}


def _any_int(digits: str) -> float:
    """Python refuses to read integers of thousands of digits."""
    return int(digits) if len(digits) < 4000 else float(digits)


def _number(key: str) -> int | None:
    return int(key[4:]) if key.startswith("item") else None
