import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from lake_runs import numbers, publish, source

from flows.lake import Lake
from flows.release import Release, require_files
from flows.release.manifest import content_hash, encode_manifest, read_manifest
from flows.release.verify import verify
from schemas.errors import InputError

ITEMS = "items/dataset=deepfashion2/split=train/part-00001.parquet"


def damaged(lake: Lake, path: str, damage: Callable[[Path], None]) -> list[str]:
    """What verify says of a release after somebody with every right did that to one file."""
    release = publish(lake, source(numbers(1, 25)))
    file = release.path / path
    file.parent.chmod(0o755)
    if file.exists():
        file.chmod(0o644)
    damage(file)
    return [str(problem) for problem in lake.verify()]


def with_bytes(change: Callable[[bytearray], object]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        data = bytearray(file.read_bytes())
        change(data)
        file.write_bytes(data)

    return damage


@pytest.mark.parametrize("place", [0, 4, 100, -200, -1])
def test_a_flipped_byte_is_found_and_named(lake, place):
    flip = with_bytes(lambda data: data.__setitem__(place, data[place] ^ 1))
    problems = damaged(lake, ITEMS, flip)
    assert problems[0].startswith(f"{ITEMS} has other bytes than were published (sha256 ")
    assert all(ITEMS in problem for problem in problems)


@pytest.mark.parametrize(
    ("path", "damage", "problem"),
    [
        (ITEMS, Path.unlink, "is missing"),
        (ITEMS.replace("00001", "00009"), Path.touch, "is not in the manifest"),
    ],
)
def test_a_missing_file_and_a_file_too_many_are_found(lake, path, damage, problem):
    assert damaged(lake, path, damage) == [f"{path} {problem}"]


def test_a_cut_file_is_named_with_its_size(lake):
    problems = damaged(lake, ITEMS, with_bytes(lambda data: data.__delitem__(slice(100, None))))
    assert any("has 100 bytes, not " in problem for problem in problems)
    assert any("is not readable as Parquet" in problem for problem in problems)


def rewrite(lake: Lake, change: Callable[[Path], None]) -> list[str]:
    """Change a file and put its new hash into the manifest, as a forger would."""
    release = publish(lake, source(numbers(1, 25)))
    file, manifest = release.path / ITEMS, release.path / "manifest.json"
    file.chmod(0o644)
    manifest.chmod(0o644)
    change(file)
    was = read_manifest(release.path)
    files = [
        msgspec.structs.replace(file_record, sha256=_sha256(file), bytes=file.stat().st_size)
        if file_record.path == ITEMS
        else file_record
        for file_record in was.files
    ]
    manifest.write_bytes(
        encode_manifest(msgspec.structs.replace(was, files=files, content=content_hash(files)))
    )
    return [str(problem) for problem in lake.verify()]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_rows_footer_and_columns_are_compared_too(lake):
    def shorten(file: Path) -> None:
        table = pq.ParquetFile(file).read()
        pq.write_table(table.slice(1).drop_columns("style").replace_schema_metadata(), file)

    problems = rewrite(lake, shorten)
    assert f"{ITEMS} has 9 rows, not 10" in problems
    assert f"{ITEMS} has split None in its footer, not 'train'" in problems
    assert f"{ITEMS} has other columns than declared: style" in problems


def test_a_changed_type_is_a_changed_column(lake):
    def widen(file: Path) -> None:
        table = pq.ParquetFile(file).read()
        place = table.schema.get_field_index("x1")
        kept = table.schema.metadata
        wide = table.set_column(place, "x1", table["x1"].cast("float32"))
        pq.write_table(wide.replace_schema_metadata(kept), file)

    assert rewrite(lake, widen) == [f"{ITEMS} has other columns than declared: x1"]


@pytest.mark.parametrize(
    ("count", "value", "problem"),
    [
        ("items_read", 12, "12 items read, but 9 written and refused"),
        ("documents_read", 8, "8 documents read, but 9 written and refused"),
        ("items_refused", 1, "9 items read, but 10 written and refused"),
        ("images", 4, "4 images, but 9 written and refused"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_found(lake, count, value, problem):
    release = publish(lake, source(numbers(1, 25)))
    manifest = read_manifest(release.path)
    name = "deepfashion2/train/00000"
    part = manifest.parts[name]
    parts = {name: msgspec.structs.replace(part, counts=part.counts | {count: value})}
    path = release.path / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(
        encode_manifest(
            msgspec.structs.replace(
                manifest, parts=manifest.parts | parts, content="0", release="other"
            )
        )
    )
    problems = [str(problem) for problem in lake.verify()]
    assert "manifest.json names another release, other" in problems
    assert f"manifest.json counts {problem} (part {name})" in problems
    assert any("lists files with content" in problem for problem in problems)


class CountedFiles(list):
    """The files of a manifest, which counts how often they are gone through."""

    passes = 0

    def __iter__(self):
        type(self).passes += 1
        return super().__iter__()


def test_damage_is_found_in_a_few_passes_over_the_files_however_many_there_are(lake, monkeypatch):
    monkeypatch.setattr(CountedFiles, "passes", 0)
    publish(lake, source(numbers(1, 25)))
    release = publish(lake, source(numbers(1, 250)))
    manifest = release.manifest
    assert len(manifest.parts) > 20
    counted = msgspec.structs.replace(manifest, files=CountedFiles(manifest.files))
    assert verify(Release(release.path, counted)) == []
    for record in manifest.files:
        (release.path / record.path).parent.chmod(0o755)
        (release.path / record.path).unlink()
    with pytest.raises(InputError, match="more files of the release"):
        require_files(Release(release.path, counted), manifest.files)
    assert CountedFiles.passes < 10
