"""Readers under many publications; figures are printed with `-s`."""

from busy_readers import publish_under_readers
from whole_ingests import spread

from flows.pipelines.sample import write_sample


def test_fifty_publications_show_no_missing_file_and_no_mixed_release_to_four_readers(tmp_path):
    write_sample("deepfashion2", tmp_path / "source", 120, 5)
    spread(tmp_path / "source", 4)
    met = publish_under_readers(tmp_path / "source", tmp_path / "lake", publications=50, readers=4)
    print(f"\n{met}")
    assert all(
        reader.troubles == [] and reader.reads > 50 and reader.releases > 10 for reader in met
    )
