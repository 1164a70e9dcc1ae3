"""The details of average precision are the matches of pycocotools, with their overlaps."""

import numpy as np
import pytest
from builders import tables_of
from coco_oracle import evaluated, truth_of
from coco_predictions import ALL_LANDMARKS, predictions
from precision_runs import documents_to_score, outcomes_of
from releases import write_files

from flows.metrics.average_precision import IOU_TYPES
from flows.metrics.coco_records import Subset

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SUBSETS = (Subset(), Subset("scale", "small", "ignored"), Subset("scale", "small", "removed"))


@pytest.fixture(scope="module")
def documents():
    return documents_to_score(images=12)


@pytest.fixture(scope="module")
def files(tmp_path_factory, documents):
    return write_files(tmp_path_factory.mktemp("scored"), **tables_of(documents, "validation"))


def expected_rows(evaluator, items):
    """Rows of details from the matches of pycocotools, by image and category."""
    rows = {}
    for image in evaluator.evalImgs:
        if image is None or image["aRng"] != evaluator.params.areaRng[0]:
            continue
        key = image["image_id"], image["category_id"]
        ious, gt_ids = evaluator.ious[key], [gt["id"] for gt in evaluator._gts[key]]
        outcomes = zip(image["dtMatches"].T, image["dtIgnore"].T, strict=True)
        detections = []
        for place, (matched, ignored) in enumerate(outcomes):
            first = int(matched[0])
            detections.append(
                {
                    "row": image["dtIds"][place],
                    "score": image["dtScores"][place],
                    "found": sum(1 << bit for bit in np.flatnonzero(matched)),
                    "ignored": sum(1 << bit for bit in np.flatnonzero(ignored)),
                    "item_no": items["item_no"][first - 1] if first else None,
                    "overlap": ious[place, gt_ids.index(first)] if first else None,
                }
            )
        counted = ~np.array(image["gtIgnore"], np.bool_)
        missed = np.array(image["gtIds"], int)[counted & (image["gtMatches"][0] == 0)]
        rows[key] = {
            "truths": int(counted.sum()),
            "missed": items["item_no"][missed - 1].tolist(),
            "detections": detections,
        }
    return rows


@pytest.mark.parametrize(
    ("task", "kind"),
    [("detection", "noisy"), ("segmentation", "noisy"), ("landmarks", ALL_LANDMARKS)],
)
def test_details_are_the_matches_of_pycocotools(task, kind, documents, files):
    records = predictions(documents, task, kind)
    outcomes, items = outcomes_of(files, task, records, SUBSETS, details=True)
    for (landmarks, subset), group in outcomes.items():
        truth = truth_of(files, visible_only=landmarks == "visible")
        outside = set((np.flatnonzero(~subset.contains(items)) + 1).tolist())
        iou_type = IOU_TYPES[task]
        evaluator = evaluated(truth, records, iou_type, outside, subset.mode or "ignored")
        expected = expected_rows(evaluator, items)
        rows = [row for outcome in group for row in outcome.details.to_pylist()]
        assert {(row["image_id"], row["category_id"]) for row in rows} == expected.keys()
        for row in rows:
            own = expected[row["image_id"], row["category_id"]]
            overlaps = [
                [detection.pop("overlap") or 0.0 for detection in detections]
                for detections in (row["detections"], own["detections"])
            ]
            assert {name: row[name] for name in own} == own
            assert overlaps[0] == pytest.approx(overlaps[1], rel=1e-12)
            assert (row["landmarks"], row["attribute"], row["value"], row["mode"]) == (
                landmarks,
                subset.attribute,
                subset.value,
                subset.mode,
            )


def test_details_are_made_only_when_asked_for(documents, files):
    records = predictions(documents, "detection", "noisy")
    outcomes, _ = outcomes_of(files, "detection", records)
    assert {outcome.details for group in outcomes.values() for outcome in group} == {None}
