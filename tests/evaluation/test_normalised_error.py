"""NE of FashionAI's key points: equal to a plain reference on generated submissions, and its rules.

The reference reads the source's own rows, so that it shares nothing with the release or with SQL.
"""

import csv
import io
import random
from collections import defaultdict
from math import hypot

import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from fashionai_rows import ABSENT, COLUMNS, HEADER, OWN, image_id, listed, random_row, row, table
from hypothesis import given, settings
from hypothesis import strategies as st
from ingesting import ingested
from releases import jpeg

from flows.pipelines.evaluate import evaluate
from schemas.details import POINT_DETAILS
from schemas.errors import InputError

pytestmark = pytest.mark.slow

POINTS = COLUMNS[2:]
TRUTH = [
    *(random_row(random.Random(n), n) for n in range(1, 41)),
    row("skirt", 50, waistband_left="10_10_1", waistband_right="13_10_1", hemline_left="5_5_1"),
    row("skirt", 51, waistband_left="10_10_1", hemline_left="5_5_1", hemline_right="9_99_0"),
    row("dress", 52, neckline_left="10_10_1"),
    row("skirt", 54, waistband_left="10_10_1", waistband_right="60_10_-1", hemline_left="5_5_1"),
    row("skirt", 53, waistband_left="0_0_0", waistband_right="6_8_0", hemline_left="5_5_1"),
]
LISTED, PICTURE = image_id("skirt", 60), image_id("skirt", 61)
"""An image without points, and one that no row names."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fashionai")
    # The source repeats some rows.
    answers = table(*TRUTH, TRUTH[0])
    (folder / "source").mkdir()
    (folder / "source" / "fashionAI_key_points_test_a_answer_20180426.csv").write_bytes(answers)
    names = [line.partition(",")[0] for line in TRUTH]
    (folder / "source" / "test.csv").write_bytes(listed(*names, LISTED))
    (folder / "source" / PICTURE).parent.mkdir(parents=True)
    (folder / "source" / PICTURE).write_bytes(jpeg(64, 64))
    ingested("fashionai", folder / "source", folder / "lake", allow_refused=["test_a"])
    return folder / "lake"


def reference(submission: dict, rule: str) -> dict:
    """(score, count, skipped, missing) of everything, of each category and of each key point."""
    errors, skipped, missing = defaultdict(list), defaultdict(set), defaultdict(set)
    for cells in csv.reader(io.StringIO("\n".join(TRUTH))):
        name, category = cells[:2]
        points = dict(zip(POINTS, (tuple(map(int, c.split("_"))) for c in cells[2:]), strict=True))
        own = {POINTS[slot] for slot in OWN[category]}
        ends = ["waistband_left", "waistband_right"]
        if category in ("blouse", "outwear", "dress"):
            ends = ["armpit_left", "armpit_right"]
        (x1, y1, v1), (x2, y2, v2) = (points[end] for end in ends)
        length = hypot(x1 - x2, y1 - y2)
        unusable = length < 10 or (rule == "skip" and -1 in (v1, v2))
        for subset in (None, category, *own):
            if name not in submission:
                missing[subset].add(name)
            elif unusable:
                skipped[subset].add(name)
        if name in submission and not unusable:
            for point, (x, y, code) in points.items():
                if code == 1:
                    px, py = submission[name][point]
                    error = hypot(px - x, py - y) / length
                    for subset in (None, category, point):
                        errors[subset].append(error)
    return {
        subset: (
            pytest.approx(sum(errors[subset]) / len(errors[subset])) if errors[subset] else None,
            len(errors[subset]),
            len(skipped[subset]),
            len(missing[subset]),
        )
        for subset in (None, *OWN, *POINTS)
    }


def scores_of(lake, path, **options) -> dict:
    scored = evaluate(
        lake,
        None,
        task="landmarks",
        dataset="fashionai",
        split="test_a",
        predictions=[path],
        by=("category", "landmark"),
        options=options,
    )
    return {
        next((word for word in (row["category"], row["value"]) if word != "all"), None): (
            row["score"],
            row["count"],
            row["skipped"],
            row["missing"],
        )
        for row in scored.scores.to_pylist()
    }


def places(rng: random.Random) -> dict:
    number = rng.choice((int, lambda value: round(value, 2)))
    return {p: (number(rng.uniform(-90, 700)), number(rng.uniform(-90, 700))) for p in POINTS}


def csv_of(submission: dict, columns: list[str] | None) -> str:
    """A submission with a header of these columns, or without a header."""
    lines = [",".join(columns)] if columns else []
    for name, points in submission.items():
        cells = {point: f"{x}_{y}_1" for point, (x, y) in points.items()}
        cells |= {"image_id": name, "image_category": name.split("/")[1]}
        lines.append(",".join(cells[column] for column in columns or COLUMNS))
    return "\n".join(lines) or HEADER


@settings(max_examples=15)
@given(
    st.randoms(use_true_random=False),
    st.none() | st.permutations(COLUMNS),
    st.sets(st.sampled_from([line.partition(",")[0] for line in TRUTH]), max_size=len(TRUTH)),
    st.sampled_from(("authors", "skip")),
)
def test_scores_are_those_of_a_plain_reference(lake, tmp_path_factory, rng, columns, names, rule):
    submission = {name: places(rng) for name in sorted(names)}
    path = tmp_path_factory.getbasetemp() / "submission.csv"
    path.write_text(csv_of(submission, columns))
    assert scores_of(lake, path, one_end_absent=rule) == reference(submission, rule)


@pytest.fixture
def perfect(tmp_path):
    """A submission of the truth itself, and of the images without points; without a header."""
    path = tmp_path / "perfect.csv"
    path.write_text("\n".join([*TRUTH, row("skirt", 60), row("skirt", 61)]))
    return path


COMMAND = ("evaluate", "landmarks", "--dataset", "fashionai", "--split", "test_a", "--predictions")


def test_a_perfect_submission_has_no_error_and_each_image_is_accounted_for(lake, perfect):
    done = wardrobe(*COMMAND, perfect, "--complete", lake=lake)
    assert done.returncode == 0, done.stderr
    names, numbers = (line.split() for line in done.stdout.splitlines()[::2])
    shown = dict(zip(names, numbers, strict=False))  # words of `method` follow
    assert (shown["metric"], shown["score"], shown["missing"]) == ("NE", "0", "0")
    assert done.stderr == "note: predictions for images without annotations, not scored: 2\n"


def test_the_rule_for_one_absent_end_is_an_option(lake, perfect):
    perfect.write_text("\n".join(TRUTH[40:]))
    authors, skip = (
        scores_of(lake, perfect, **options)["skirt"][:3]
        for options in ({}, {"one_end_absent": "skip"})
    )
    # Image 50 has a normaliser of 3 px, 51 and 54 only one end, 53 a normaliser of 10 px.
    assert authors == (0, 5, 1)
    assert skip == (0, 1, 3)


def test_missing_images_are_said_and_refused_with_complete(lake, perfect, tmp_path):
    perfect.write_text("\n".join(line for line in TRUTH if "0_0_0,6_8_0" not in line))
    scores = tmp_path / "scores.parquet"
    done = wardrobe(*COMMAND, perfect, "-o", scores, lake=lake)
    assert done.returncode == 0
    lacking = f"images without a prediction: 1 of {len(TRUTH)} (first: {image_id('skirt', 53)})"
    (count,) = pq.read_table(scores, columns=["count"])["count"].to_pylist()[:1]
    assert done.stderr == (
        f"note: {lacking}; with error 1 for their visible points (1) NE is {1 / (count + 1):.8f}\n"
    )
    done = wardrobe(*COMMAND, perfect, "--complete", lake=lake)
    assert is_one_sentence(done)
    assert done.stderr == f"wardrobe: {lacking}: without --complete the others are scored\n"


def test_details_have_the_points_behind_the_score(lake, perfect, tmp_path):
    points, scores = tmp_path / "points.parquet", tmp_path / "scores.json"
    perfect.write_text("\n".join([*TRUTH[:30], row("skirt", 53)]))
    done = wardrobe(*COMMAND, perfect, "--details", points, "-o", scores, lake=lake)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(points)
    assert rows.schema.equals(POINT_DETAILS.schema)
    (worst,) = [row for row in rows.to_pylist() if row["error"]]
    assert worst == worst | {
        "landmark_name": "hemline_left",
        "error": pytest.approx(hypot(6, 6) / 10),
    }
    assert worst["normaliser"] == 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--one-end-absent", "other"], "'other' is not one of 'authors', 'skip'"),
        (["--by", "categry"], "is not scored by 'categry': did you mean category?"),
        (["--by", "scale"], "is not scored by 'scale': give one of category, landmark"),
    ],
)
def test_wrong_options_are_one_sentence(words, says, lake, perfect):
    done = wardrobe(*COMMAND, perfect, *words, lake=lake)
    assert is_one_sentence(done) and says in done.stderr


def test_an_option_of_another_data_set_is_refused(lake, perfect):
    with pytest.raises(InputError, match="--mode is not an option of landmarks of fashionai"):
        scores_of(lake, perfect, mode="ignored")


def test_a_broken_submission_ends_with_exit_code_2(lake, perfect):
    perfect.write_text(TRUTH[0] + "\n" + TRUTH[1].replace(ABSENT, "1_2_3", 1))
    done = wardrobe(*COMMAND, perfect, lake=lake)
    assert is_one_sentence(done)
    assert f"{perfect}: row 2: " in done.stderr and "'1_2_3' is not x_y_v" in done.stderr
