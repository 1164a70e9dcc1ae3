"""Sources of every data set and kind of archive in moto's store: the release of the folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import packing
import pytest
from ingesting import file_hashes, ingested
from object_stores import use_store

from flows.pipelines.sample import write_sample
from flows.storage.objects import ObjectPath

PASSWORD = "shops"


def files_below(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def upload(files: dict[str, bytes], prefix: ObjectPath) -> ObjectPath:
    """Write the files below a prefix."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: (prefix / name).write_bytes(files[name]), files))
    return prefix


@pytest.mark.parametrize("embed", [False, True])
@pytest.mark.parametrize("dataset", ["deepfashion2", "fashionai", "fashion-mnist"])
def test_every_kind_of_source_makes_the_same_files(dataset, embed, tmp_path, moto_url, monkeypatch):
    use_store(monkeypatch, moto_url)
    monkeypatch.setenv("WARDROBE_ZIP_PASSWORD", PASSWORD)
    options = {"embed_images": embed, "verify_images": embed}
    write_sample(dataset, tmp_path / "source", 40, 1)
    files = files_below(tmp_path / "source")
    ingested(dataset, tmp_path / "source", tmp_path / "lake", **options)
    expected = file_hashes(tmp_path / "lake")

    (tmp_path / "zips").mkdir()
    packing.write_plain(tmp_path / "zips/all.zip", files)
    packing.write_zipcrypto(tmp_path / "crypto.zip", files, PASSWORD.encode())
    packing.write_aes(tmp_path / "aes.zip", files, PASSWORD.encode())
    root = ObjectPath("bucket", f"{dataset}-{embed}")
    upload(files, root / "folder")
    upload(files_below(tmp_path / "zips"), root / "zips")
    for name in ("crypto.zip", "aes.zip"):
        (root / name).upload(tmp_path / name)
    for name in ("folder", "zips", "crypto.zip", "aes.zip"):
        source, lake = root / name, root / f"lake-{name}"
        assert ingested(dataset, source, lake, workers=2, **options).verdicts is not None
        assert file_hashes(lake) == expected, name
        assert ingested(dataset, source, lake, **options).verdicts is None
