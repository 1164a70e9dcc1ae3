"""`wardrobe report` with scores, details and predictions: what it shows, and what it refuses."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import is_one_sentence, wardrobe
from prediction_details import write_details
from scored_releases import (
    PREDICTED,
    a_lake,
    origin,
    write_precision_details,
    write_predictions,
    write_scores,
)

from flows.exports.report import Drawing, ScoredPredictions
from flows.lake import Lake
from flows.pipelines import report_scores
from flows.pipelines.pictures import PictureReader
from flows.pipelines.report_scores import scored_predictions
from flows.predictions import predictions_by_sha256
from flows.warehouse import open_warehouse
from schemas.details import CLASS_DETAILS
from schemas.errors import InputError


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    return a_lake(tmp_path_factory.mktemp("scored"))


def scored(lake: Path, scores=(), details=(), predictions=()) -> list[ScoredPredictions]:
    release = Lake(lake).release(None)
    reader = PictureReader(release)
    with open_warehouse(release.tables()) as con:
        return scored_predictions(
            con, reader, release, scores=scores, details=details, predictions=predictions
        )


def captions(drawings: list[Drawing]) -> list[str]:
    return [drawing.caption for drawing in drawings]


def test_the_worst_detections_are_missed_confused_or_nowhere(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    details = write_precision_details(tmp_path / "d.parquet", path)
    (shown,) = scored(lake, details=[details], predictions=[path])
    missed, confused, others = shown.worst.values()
    assert captions(missed) == [
        "train 1: no prediction matches item 1, skirt; drawn: shorts 0.90, vest 0.80",
        "train 2: no prediction matches item 1, skirt; drawn: no prediction from 0.3",
    ]
    assert captions(confused) == ["train 1: shorts 0.90, but it is item 1, skirt, IoU 1.00"]
    assert captions(others) == ["train 1: vest 0.80, where no item is annotated"]
    (wrong,) = confused[0].pictures
    assert [item.row for item in wrong.predictions] == [1] and wrong.picture.size == (64, 80)
    # Only the parts that are scored are drawn of the truth.
    assert [(item.box is None, item.landmarks, item.polygons) for item in wrong.items] == [
        (False, (), ()),
        (False, (), ()),
    ]
    assert [drawing.item_no for drawing in (*missed, *confused)] == [1, 1, None]


def test_curves_are_those_of_categories_with_items(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    details = write_precision_details(tmp_path / "d.parquet", path)
    (shown,) = scored(lake, details=[details])
    assert {row["category"] for row in shown.curves} == {"skirt", "vest"}
    assert len(shown.curves) == 2 * 2 * 101
    vest = [row["precision"] for row in shown.curves if row["category"] == "vest"]
    # One false positive before the match.
    assert vest == [0.5] * 202
    assert shown.worst == {} and "--predictions" in shown.notes[0]


def test_scores_and_details_of_the_same_predictions_are_in_one_section(lake, tmp_path):
    path, other = (write_predictions(tmp_path / f"{n}.json", PREDICTED[:n]) for n in (3, 1))
    files = [write_scores(tmp_path / f"{p.stem}.parquet", p) for p in (path, other)]
    details = write_precision_details(tmp_path / "d.parquet", path)
    first, second = scored(lake, scores=[*files, files[0]], details=[details])
    assert first.curves and not second.curves
    assert [len(shown.scores) for shown in (first, second)] == [1, 1]
    assert first.summary.num_rows == 1 and first.table is None


def test_files_that_were_scored_together_are_read_together(lake, tmp_path):
    parts = [
        write_predictions(tmp_path / f"{n}.json", records)
        for n, records in enumerate((PREDICTED[:1], PREDICTED[1:]))
    ]
    both = tmp_path / "both"
    both.write_bytes(b"".join(path.read_bytes() for path in parts))
    details = write_precision_details(tmp_path / "d.parquet", both)
    (shown,) = scored(lake, details=[details], predictions=parts)
    assert len(shown.worst) == 3
    with pytest.raises(InputError, match=r"0\.json: no file of --details is about"):
        scored(lake, details=[details], predictions=parts[:1])


def test_predictions_that_change_while_they_are_read_are_refused(lake, tmp_path, monkeypatch):
    path = write_predictions(tmp_path / "boxes.json")
    details = write_precision_details(tmp_path / "d.parquet", path)

    def changed_after(paths):
        by_sha256 = predictions_by_sha256(paths)
        write_predictions(path, PREDICTED[:2])
        return by_sha256

    monkeypatch.setattr(report_scores, "predictions_by_sha256", changed_after)
    with pytest.raises(InputError, match=r"boxes\.json was changed while it was read"):
        scored(lake, details=[details], predictions=[path])


def test_details_of_classes_have_their_confusions(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    rows = [
        {"image_id": number, "category_id": 9, "predicted_id": predicted}
        for number, predicted in enumerate((9, 5, None), start=1)
    ]
    table = pa.Table.from_pylist(rows, CLASS_DETAILS.schema)
    own = origin(path, task="classification")
    (shown,) = scored(lake, details=[write_details(table, tmp_path / "d.parquet", **own)])
    assert [row for row in shown.confusion if row["images"]] == [
        {"category": "skirt", "predicted": name, "images": 1} for name in ("vest", "skirt", "none")
    ]
    assert shown.notes == ()


def test_details_of_an_image_that_is_absent_are_refused(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json", PREDICTED[:1])
    details = write_precision_details(tmp_path / "d.parquet", path)
    rows = pq.read_table(details)
    changed = [row | {"image_id": row["image_id"] + 98} for row in rows.to_pylist()]
    pq.write_table(pa.Table.from_pylist(changed, rows.schema), details)
    with pytest.raises(InputError, match="details are of image 99, which deepfashion2 train lacks"):
        scored(lake, details=[details], predictions=[path])


def _without(path: Path, column: str) -> None:
    pq.write_table(pq.read_table(path).drop_columns([column]), path)


def _with(path: Path, name: str, values: list, type_: pa.DataType) -> None:
    rows = pq.read_table(path)
    place = rows.schema.get_field_index(name)
    field = pa.field(name, type_)
    column = pa.array(values * len(rows), type_)
    rows = (
        rows.set_column(place, field, column) if place >= 0 else rows.append_column(field, column)
    )
    pq.write_table(rows, path)


BROKEN = {
    "absent": (lambda path: path.unlink(), "cannot be read|is not a file"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "cannot be read|is not a file"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be read as Parquet"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-90]), "cannot be read"),
    "overwritten": (
        lambda path: path.write_bytes(b"PAR1" + bytes(200) + path.read_bytes()[204:]),
        "read",
    ),
    "of CSV": (lambda path: path.write_text("metric,score\nAP,1\n"), "cannot be read as Parquet"),
    "without a column": (lambda path: _without(path, "image_id|metric"), "is not a file"),
    "with another column": (lambda path: _with(path, "x", [1], pa.int64()), "is not a file"),
}


@pytest.mark.parametrize("option", ["scores", "details"])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_one_sentence(lake, tmp_path, option, name):
    path = write_predictions(tmp_path / "boxes.json")
    write = write_scores if option == "scores" else write_precision_details
    file = write(tmp_path / "file.parquet", path)
    damage, message = BROKEN[name]
    if name == "without a column":
        _without(file, "metric" if option == "scores" else "truths")
    else:
        damage(file)
    with pytest.raises(InputError, match=message) as error:
        scored(lake, **{option: [file]})
    assert str(file) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "type_", "message"),
    [
        ("release", "20990101T000000Z-00000000", pa.string(), "is about release 2099.*give --rel"),
        ("task", "tasting", pa.string(), "unknown task: tasting"),
        ("split", "trian", pa.string(), "did you mean train"),
        ("dataset", "fashionai", pa.string(), "does not have the data set fashionai"),
        ("score", "a", pa.string(), "score is of type string, not double"),
        ("metric", None, pa.string(), "metric is null"),
        ("count", None, pa.int64(), "count is null"),
    ],
)
def test_scores_that_do_not_fit_are_one_sentence(lake, tmp_path, name, value, type_, message):
    path = write_predictions(tmp_path / "boxes.json")
    file = write_scores(tmp_path / "s.parquet", path)
    _with(file, name, [value], type_)
    with pytest.raises(InputError, match=message):
        scored(lake, scores=[file])


def test_details_of_another_release_are_one_sentence(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    file = write_precision_details(tmp_path / "d.parquet", path, release="2099")
    with pytest.raises(InputError, match=r"d\.parquet is about release 2099, the report about"):
        scored(lake, details=[file])


@pytest.mark.slow
def test_the_command_writes_a_page_with_the_scores_and_drawings(lake, tmp_path):
    path = write_predictions(tmp_path / "boxes.json")
    scores = write_scores(tmp_path / "s.parquet", path, metric="<b>AP")
    details = write_precision_details(tmp_path / "d.parquet", path)
    words = ("report", "--output", tmp_path / "report.html", "--scores", scores)
    done = wardrobe(*words, "--details", details, "--predictions", path, lake=lake)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    section = page[page.index('<section id="scores-detection') :].partition("</section>")[0]
    assert len(re.findall(r'<img src="data:image/jpeg', section)) == 4
    assert "&lt;b&gt;AP" in section and "<b>AP" not in page
    refused = wardrobe(*words, "--details", path, lake=lake)
    assert is_one_sentence(refused) and "boxes.json cannot be read as Parquet" in refused.stderr
