"""Shell completion: names of the lake that the line names, and silence where something fails."""

import sys
from types import ModuleType

import pytest
from command_line import wardrobe

from flows.lake import Lake
from schemas.datasets import DATASETS


@pytest.fixture
def completions(monkeypatch):
    """The names that a Tab key offers after a line, as bash asks for them."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # as in a script

    def complete(line: str, lake) -> list[str]:
        words = f"wardrobe {line}"
        done = wardrobe(
            lake=lake,
            _WARDROBE_COMPLETE="complete_bash",
            COMP_WORDS=words,
            COMP_CWORD=str(len(words.split(" ")) - 1),
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return complete


def test_tables_statistics_queries_checks_and_rules_are_completed(completions, tmp_path):
    assert completions("schema landmark", tmp_path) == [
        "landmarks",
        "landmark_types",
        "landmarks_full",
        "landmark_totals",
        "landmark_visibility",
    ]
    assert completions("query positive_pairs", tmp_path) == [
        "positive_pairs",
        "positive_pairs_left_out",
    ]
    assert completions("check --sql leak", tmp_path) == ["leakage"]
    assert completions("rejections --rule bad", tmp_path) == ["bad_row", "bad_cell"]


@pytest.mark.slow
def test_releases_and_splits_are_those_of_the_lake(completions, lake, tmp_path):
    release = Lake(lake).release().id
    for line in ("sql x --release ", "diff ", "verify ", "rollback ", "releases --delete "):
        assert release in completions(line, lake), line
    assert completions("show deepfashion2 t", lake) == ["test", "train"]
    assert completions(f"show --lake {lake} fashionai ", tmp_path) == ["test_a", "train"]
    assert completions("export coco deepfashion2 va", lake) == ["validation"]


def test_without_a_lake_the_splits_are_those_of_the_data_set(completions, tmp_path):
    assert completions("show fashionai ", tmp_path) == [*DATASETS["fashionai"].splits]
    assert completions("verify ", tmp_path) == []


def test_a_damaged_lake_completes_nothing_and_prints_no_error(completions, tmp_path):
    (tmp_path / "lake.json").write_text("{")
    (tmp_path / "current").write_text("not a link")
    file = tmp_path / "file"
    file.touch()
    for lake in (tmp_path, file, "\udcff"):
        assert completions("verify ", lake) == []
        assert completions("show fashon ", lake) == []
