"""`manifest.json` of a release: bytes <-> what is in it, made of what and by which version."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec

from flows.storage.place import Place
from schemas import TABLES
from schemas.datasets import DATASETS, PART_SIZE
from schemas.errors import InputError
from schemas.table import ImageKey

JSON_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a damaged JSON file raises; RecursionError for brackets nested too deeply."""

MANIFEST = "manifest.json"
FORMAT = 1

STATISTICS = "statistics/"
"""What the name of a statistic's table begins with."""

KEPT_RESULTS = "checks/"
"""What the name of a table begins with that only the next release reads."""

_RELEASE_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"


class FileRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a release: where in it, which table, how much. `part` is null when derived."""

    path: str
    table: str
    rows: int
    bytes: int
    sha256: str
    part: str | None = None


class PartRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part was built from (its fingerprint) and what was counted while building it.

    `counts`: documents_read, documents_refused, items_read, items_refused, images, items, pictures
    (images with a picture), and whatever else the pipeline counts.
    """

    dataset: str
    split: str
    fingerprint: str
    counts: dict[str, int]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What building one part produced; small enough to travel between processes and engines."""

    part: str
    fingerprint: str
    files: tuple[FileRecord, ...]
    counts: dict[str, int]
    seconds: float = 0.0
    peak_rss: int = 0


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a release changed against its parent: a sentence, parts, and rows per table."""

    sentence: str
    rebuilt: int = 0
    linked: int = 0
    dropped: int = 0
    rows: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release described. Times are UTC; `content` is comparable under equal library versions."""

    release: str
    created: datetime
    parent: str | None
    content: str
    versions: dict[str, str]
    inputs: dict[str, dict[str, Any]]
    parameters: dict[str, Any]
    parts: dict[str, PartRecord]
    files: list[FileRecord]
    checks: list[dict[str, Any]]
    changes: Changes
    runs: dict[str, Any]
    format: int = FORMAT

    @property
    def readable_files(self) -> list[FileRecord]:
        """The files of tables that readers see: all without KEPT_RESULTS."""
        return [file for file in self.files if not file.table.startswith(KEPT_RESULTS)]

    def of(self, table: str) -> list[FileRecord]:
        """The files of one table, in the order of their paths."""
        return [file for file in self.files if file.table == table]

    def split_counts(self, dataset: str) -> dict[str, dict[str, int]]:
        """Counts of one data set, summed over the parts of each split."""
        return split_counts(self.parts, dataset)


def split_counts(parts: Mapping[str, PartRecord], dataset: str) -> dict[str, dict[str, int]]:
    """Counts of the parts of one data set, summed by split."""
    totals: dict[str, Counter[str]] = {}
    for part in parts.values():
        if part.dataset == dataset:
            totals.setdefault(part.split, Counter()).update(part.counts)
    return {split: dict(total) for split, total in totals.items()}


def part_name(dataset: str, split: str, number: int) -> str:
    """The name of a part: `deepfashion2/train/00000`."""
    return f"{dataset}/{split}/{number:05d}"


def part_of_image(inputs: Mapping[str, Mapping[str, Any]], image: ImageKey) -> str:
    """The part that has the rows of an image, by the inputs of a manifest.

    InputError for a data set of a newer version.
    """
    dataset, split, image_id = image
    if dataset not in DATASETS:
        raise InputError(f"this version does not know the data set {dataset}: use a newer wardrobe")
    parts_in_one = inputs.get(dataset, {}).get("part_size", PART_SIZE) // PART_SIZE
    number = image_id // DATASETS[dataset].part_images // parts_in_one
    return part_name(dataset, split, number)


def count_problems(counts: Mapping[str, int], files: Iterable[FileRecord]) -> Iterator[str]:
    """Where the counts of a part contradict the rows of its files: read = written + refused."""
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.table] += file.rows
    documents, items = (counts.get(f"{word}_refused", 0) for word in ("documents", "items"))
    for what, count, expected in (
        ("documents read", counts.get("documents_read"), rows["images"] + documents),
        ("items read", counts.get("items_read"), rows["items"] + items),
        ("rejections", rows["rejections"], documents + items),
        ("images", counts.get("images", rows["images"]), rows["images"]),
        ("items", counts.get("items", rows["items"]), rows["items"]),
    ):
        if count != expected:
            yield f"{count} {what}, but {expected} written and refused"


def table_order(table: str) -> tuple[int, str]:
    """Sorts declared tables as declared, then the others by name."""
    names = list(TABLES)
    return (names.index(table) if table in names else len(names), table)


def content_hash(files: Iterable[FileRecord]) -> str:
    """sha256 over the sorted lines `path sha256`: equal hashes, equal releases."""
    lines = sorted(f"{file.path} {file.sha256}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def release_id(created: datetime, content: str) -> str:
    """`20261121T031500Z-3fa9c2d1`: the time, by which ids sort, and the start of `content`."""
    return f"{created.astimezone(UTC):{_TIME}}-{content[:8]}"


def is_release_id(name: str) -> bool:
    """Whether a folder of this name can be a release (or a run, which is named alike)."""
    return _RELEASE_ID.fullmatch(name) is not None


def release_time(name: str) -> datetime | None:
    """The time in the id of a release; None where it has none."""
    try:
        return datetime.strptime(name.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def time_after(ids: Iterable[str], now: datetime) -> datetime:
    """A time whose id sorts after these ids: now, or a second after the latest of them.

    The clock may have been set back, or two releases are made within a second.
    """
    times = [time + timedelta(seconds=1) for time in map(release_time, ids) if time]
    return max([now, *times])


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of `manifest.json`, indented because people read it too."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


class _Source(TypedDict, total=False):
    location: str
    kind: str
    listing: str | None
    kept_splits: list[str]
    options: str
    part_size: Annotated[int, msgspec.Meta(ge=PART_SIZE, multiple_of=PART_SIZE)]  # else PART_SIZE
    side_files: list[str]
    locations: dict[str, str]
    pictures: dict[str, str]


class _Pairs(TypedDict):
    kinds: list[str]
    negatives_per_positive: int
    max_per_query: int
    seed: str
    # Absent in releases of earlier versions:
    same_category: NotRequired[bool]
    max_positives: NotRequired[int]


class _Parameters(TypedDict, total=False):
    pairs: _Pairs
    sql: str


class _Check(TypedDict):
    check: str
    severity: str
    rows: int
    examples: list[dict[str, Any]]


class _Shape(msgspec.Struct):
    """The types of what a manifest keeps as plain dictionaries, for those keys that are read.

    Decoded to be checked: what a later version adds must stay in the dictionaries.
    """

    inputs: dict[str, _Source]
    parameters: _Parameters
    checks: list[_Check]


class FormatOnly(msgspec.Struct):
    """The version of a JSON file's format, whatever else is in the file."""

    format: int = FORMAT


def read_manifest(folder: Place) -> Manifest:
    """The manifest of the release at `folder`; InputError, in a sentence, when it is damaged."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): the release is damaged or not a release; "
            "`wardrobe releases` lists the others."
        ) from error
    try:
        if (number := msgspec.json.decode(data, type=FormatOnly).format) != FORMAT:
            raise InputError(
                f"{path} is in format {number}, this version reads {FORMAT}: use a newer wardrobe."
            )
        manifest = msgspec.json.decode(data, type=Manifest)
        msgspec.json.decode(data, type=_Shape)
        return manifest
    except JSON_ERRORS as error:
        raise InputError(
            f"{path} is damaged ({error}): `wardrobe rollback` makes another release current."
        ) from error
