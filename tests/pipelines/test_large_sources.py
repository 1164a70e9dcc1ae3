"""Sources so large that parts hold several times 4,096 image numbers, with lowered limits."""

from datetime import UTC, datetime

import pytest
from image_files import require_rows_in_files
from ingesting import ingested
from whole_ingests import documents, require_nothing_left, rewrite, spread

from flows.lake import Lake, part_members, part_size, plan
from flows.pipelines.sample import write_sample
from flows.release.manifest import Changes, Manifest, encode_manifest, read_manifest
from flows.warehouse import open_warehouse
from schemas import TABLES
from schemas.errors import InputError

PART_TABLES = ("images", "items", "landmarks", "polygons", "rejections")


@pytest.fixture
def source(tmp_path):
    """Images in five parts of the smallest size, of which one document is refused."""
    write_sample("deepfashion2", tmp_path / "source", 30, 5)
    spread(tmp_path / "source", 5)
    documents(tmp_path / "source")[-1].write_text("{}")
    return tmp_path / "source"


def rows(lake):
    with open_warehouse(Lake(lake).release().tables(), only=PART_TABLES) as con:
        return {
            name: con.sql(f"select * from {name} order by {', '.join(TABLES[name].key)}").fetchall()
            for name in PART_TABLES
        }


def manifest(lake):
    return Lake(lake).release().manifest


def train_parts(lake) -> list[str]:
    return [name for name in manifest(lake).parts if "/train/" in name]


ALLOWED = {"allow_refused": ["train"], "allow_shrink": ["train"]}


@pytest.mark.slow
def test_a_larger_part_is_chosen_once_recorded_and_kept(source, tmp_path, monkeypatch):
    usual, lake = tmp_path / "usual", tmp_path / "lake"
    ingested("deepfashion2", source, usual, **ALLOWED)
    assert "part_size" not in manifest(usual).inputs["deepfashion2"]
    assert len(train_parts(usual)) == 5

    monkeypatch.setattr(plan, "USUAL_PARTS", 1 / 200)  # 40 members in parts of 4,096
    ingested("deepfashion2", source, lake, embed_images=True, **ALLOWED)
    assert manifest(lake).inputs["deepfashion2"]["part_size"] == 8_192
    assert [name[-5:] for name in train_parts(lake)] == ["00000", "00001", "00002"]
    assert rows(lake) == rows(usual)
    require_rows_in_files(Lake(usual).release())
    require_rows_in_files(Lake(lake).release())
    assert manifest(lake).split_counts("deepfashion2") == manifest(usual).split_counts(
        "deepfashion2"
    )

    # The size is kept by a source that has become small, and other parts are linked.
    monkeypatch.undo()
    for document in documents(source)[::2]:
        document.unlink()
    rewrite(documents(source)[0], pair_id=77)
    assert ingested("deepfashion2", source, lake, **ALLOWED).run["parts_reused"] > 0
    assert manifest(lake).inputs["deepfashion2"]["part_size"] == 8_192
    assert Lake(lake).verify() == []
    require_nothing_left(Lake(lake))
    assert ingested("deepfashion2", source, lake, **ALLOWED).verdicts is None
    # A source that was only touched is planned again.
    documents(source)[0].touch()
    assert ingested("deepfashion2", source, lake, **ALLOWED).verdicts is None


@pytest.mark.slow
def test_a_larger_part_has_the_same_bytes_for_any_workers_and_buckets(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(plan, "USUAL_PARTS", 1 / 200)
    ingested("deepfashion2", source, tmp_path / "one", embed_images=True, **ALLOWED)
    monkeypatch.setattr(part_members, "BUCKET_ROWS", 7)
    ingested("deepfashion2", source, tmp_path / "two", workers=2, embed_images=True, **ALLOWED)
    first, second = manifest(tmp_path / "one"), manifest(tmp_path / "two")
    assert first.content == second.content
    assert first.parts == second.parts
    folder = Lake(tmp_path / "two").release().path
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {file.path for file in second.files} | {"manifest.json"}


def test_parts_double_until_a_source_has_2048_of_them():
    assert part_size(0) == part_size(2 * 4_096 * 2_048) == 4_096
    assert part_size(2 * 4_096 * 2_048 + 1) == 8_192
    assert part_size(2 * 10**8) == 65_536


@pytest.mark.parametrize("size", [0, 4_000, 6_000, "8192"])
def test_a_part_size_that_is_not_a_multiple_is_damage(size, tmp_path):
    described = Manifest(
        "r",
        datetime.now(UTC),
        None,
        "c",
        {},
        {"d": {"part_size": size}},
        {},
        {},
        [],
        [],
        Changes(""),
        {},
    )
    (tmp_path / "manifest.json").write_bytes(encode_manifest(described))
    with pytest.raises(InputError, match=r"is damaged .*inputs"):
        read_manifest(tmp_path)
