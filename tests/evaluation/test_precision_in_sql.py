"""AP of boxes in SQL agrees with the kernel, over everything and on all subsets in both modes."""

import numpy as np
import pyarrow as pa
import pytest
from box_precision import average_precision
from builders import tables_of
from coco_predictions import predictions
from precision_runs import batches, documents_to_score, outcomes_of
from releases import write_files

from flows.metrics.average_precision import Kernel, join_categories
from flows.metrics.coco_records import Subset
from schemas.scores import MODES
from schemas.vocabulary import ITEM_ATTRIBUTES

SUBSETS = [
    Subset(),
    *(
        Subset(name, word, mode)
        for name, words in ITEM_ATTRIBUTES.items()
        for word in words
        for mode in MODES
    ),
]


def truth_rows(items, subset):
    """The items as the mode of the subset has them."""
    inside = subset.contains(items)
    kept = np.flatnonzero(inside) if subset.mode == "removed" else np.arange(len(inside))
    x, y, width, height = items["bbox"][kept].T
    return pa.table(
        {
            "subset": [str(subset)] * len(kept),
            "item": kept,
            "image_id": items["image_id"][kept],
            "category_id": items["category_id"][kept],
            "ignored": ~inside[kept],
            **{"x": x, "y": y, "width": width, "height": height},
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["noisy", "ties"])
def test_ap_of_boxes_in_sql_equals_the_kernel_on_every_subset(kind, tmp_path):
    documents = documents_to_score(images=24)
    files = write_files(tmp_path, **tables_of(documents, "validation"))
    records = predictions(documents, "detection", kind)
    outcomes, items = outcomes_of(files, "detection", records, SUBSETS)
    truth = pa.concat_tables([truth_rows(items, subset) for subset in SUBSETS])
    expected = average_precision(truth, pa.Table.from_batches(batches("detection", records)))
    kernel = Kernel("detection")
    scores = {
        str(subset): kernel.score(
            kernel.metrics[0], join_categories([outcome.arrays for outcome in group])
        )
        for (_, subset), group in outcomes.items()
    }
    assert len(scores) == 25
    assert scores == pytest.approx(expected, abs=1e-12)
    by_mode = {mode: [expected[str(s)] for s in SUBSETS if s.mode == mode] for mode in MODES}
    assert by_mode["ignored"] != by_mode["removed"]
