"""Rebuilt pair sets and statistics: their settings stay, their rows are the same in any lake."""

import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from command_line import wardrobe
from ingesting import file_hashes, ingested, rows_of

from flows.lake import Lake
from flows.pipelines.derive import ALL_KINDS, PairSettings, derive
from flows.pipelines.query import check_release, named_query
from flows.warehouse import open_warehouse
from schemas.errors import InputError

SETTINGS = PairSettings(ALL_KINDS, seed="7", same_category=True)


@pytest.fixture(scope="module")
def plain(sources, tmp_path_factory) -> Path:
    """A lake of the DeepFashion2 sample as an ingest leaves it. Not to be changed."""
    lake = tmp_path_factory.mktemp("pairs") / "plain"
    ingested("deepfashion2", sources / "deepfashion2", lake)
    return lake


@pytest.fixture(scope="module")
def built(plain) -> Path:
    """The same lake with every pair set. Not to be changed."""
    lake = copy_of(plain, plain.parent / "built")
    assert derive(lake, SETTINGS).sentence.startswith("published")
    return lake


def copy_of(lake: Path, folder: Path) -> Path:
    """Another lake with the same release."""
    return Path(shutil.copytree(lake, folder, symlinks=True))


def pair_hashes(lake: Path) -> dict[str, str]:
    """sha256 by path of the pair sets and triplets of DeepFashion2."""
    folders = ("pairs/dataset=deep", "triplets/dataset=deep")
    return {path: sha for path, sha in file_hashes(lake).items() if path.startswith(folders)}


@pytest.mark.slow
def test_every_kind_of_pair_is_there(built):
    kinds = rows_of(built, "select distinct pair_kind from pairs order by 1")
    assert ("positive",) in kinds and ("negative_same_category",) in kinds
    assert rows_of(built, "select count(*) > 0 from triplets") == [(True,)]


@pytest.mark.slow
def test_settings_are_in_the_manifest_and_stay_for_later_ingests(built, sources, tmp_path):
    lake = copy_of(built, tmp_path / "lake")
    recorded = Lake(lake).release().manifest.parameters["pairs"]
    ingested("fashion-mnist", sources / "fashion-mnist", lake)
    assert pair_hashes(lake) == pair_hashes(built) != {}
    assert Lake(lake).release().manifest.parameters["pairs"] == recorded
    assert PairSettings.recorded({"pairs": recorded}) == SETTINGS


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows_in_another_lake(built, plain, tmp_path):
    lake = copy_of(plain, tmp_path / "lake")
    derive(lake, SETTINGS)
    assert pair_hashes(lake) == pair_hashes(built) != {}


@pytest.mark.slow
def test_another_seed_draws_other_negatives_and_the_category_is_the_same_on_request(
    built, plain, tmp_path
):
    lake = copy_of(plain, tmp_path / "lake")
    derive(lake, PairSettings(("negative_random", "negative_same_pair"), seed="8"))
    columns = "split, user_image_id, user_item_no, shop_image_id, shop_item_no"
    positive = f"select {columns} from pairs where pair_kind = 'positive' order by all"
    random = f"select {columns} from pairs where pair_kind = 'negative_random' order by all"
    assert rows_of(built, positive) == rows_of(lake, positive)
    assert rows_of(built, random) != rows_of(lake, random)
    others = (
        "select count(*) from pairs where pair_kind = 'negative_same_pair' "
        "and user_category_id <> shop_category_id"
    )
    assert rows_of(lake, others)[0][0] > 0
    assert rows_of(built, others) == [(0,)]


@pytest.mark.slow
def test_pairs_build_limits_the_rows_of_a_query(plain, built, tmp_path):
    lake = copy_of(plain, tmp_path / "lake")
    per_query = (
        "select max(number) from (select count(*) as number from pairs "
        "where pair_kind = 'negative_random' group by split, user_image_id, user_item_no)"
    )
    done = wardrobe(
        *("pairs", "build", "--kinds", "negative_random", "--max-per-query", 1),
        *("--max-positives", 1),
        lake=lake,
    )
    assert done.returncode == 0, done.stderr
    assert rows_of(lake, per_query) == [(1,)] != rows_of(built, per_query)
    settings = Lake(lake).release().manifest.parameters["pairs"]
    assert settings["kinds"] == ["positive", "negative_random"]
    assert (settings["max_per_query"], settings["negatives_per_positive"]) == (1, 4)
    positives = per_query.replace("negative_random", "positive")
    assert rows_of(lake, positives) == [(1,)] != rows_of(built, positives)

    # The checks of a release have its settings, when they run and when their rows are asked for.
    verdicts = {row["check"]: row["verdict"] for row in check_release(lake, None).to_pylist()}
    assert verdicts["pairs_hold_the_rule"] == "ok"
    assert verdicts["positive_pairs_left_out"] == "warn"
    for name, parameters, left_out in (
        ("positive_pairs_left_out", {}, True),
        ("positive_pairs_left_out", {"max_positives": "1000"}, False),
        ("pairs_hold_the_rule", {}, False),
    ):
        with named_query(lake, None, name, parameters) as rows:
            assert bool(rows.read_all().num_rows) == left_out, name


@pytest.mark.slow
def test_deriving_again_makes_no_release(plain):
    before = Lake(plain).release().id
    summary = derive(plain)
    assert summary.sentence.startswith("nothing changed")
    assert summary.release == Lake(plain).release().id == before


@pytest.mark.slow
def test_sql_spills_above_a_memory_limit_that_does_not_grow_with_the_release(plain):
    limits = set()

    @contextmanager
    def engine(files, **options):
        with open_warehouse(files, **options) as warehouse:
            limits.update(warehouse.execute("select current_setting('memory_limit')").fetchall())
            yield warehouse

    derive(plain, engine=engine)
    ((limit,),) = limits
    number, unit = limit.split()
    assert unit == "MiB" and 286 <= float(number) <= 120 * (os.cpu_count() or 1) + 286


def test_positive_pairs_are_always_among_them():
    assert PairSettings(kinds=("negative_random",)).kinds == ("positive", "negative_random")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kinds": ("negatives",)}, "unknown kind of pairs negatives"),
        ({"kinds": ("triplets",)}, "triplets need negatives"),
        ({"negatives_per_positive": 0}, "numbers from 1"),
        ({"same_category": True, "kinds": ("negative_random",)}, "add that kind"),
    ],
)
def test_invalid_settings_are_an_input_error(settings, says):
    with pytest.raises(InputError, match=says):
        PairSettings(**settings)


def test_a_setting_of_a_newer_version_is_an_input_error():
    recorded = asdict(PairSettings()) | {"by_colour": True}
    with pytest.raises(InputError, match="unknown setting of pairs, by_colour"):
        PairSettings.recorded({"pairs": recorded})


def test_a_lake_without_release_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no release"):
        derive(tmp_path / "lake")
    assert not (tmp_path / "lake").exists()
