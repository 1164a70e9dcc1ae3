"""Predictions next to a release: files of details and predictions in, tables and drawings out."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from flows.exports.drawing.annotated import PredictedItem
from flows.metrics.worst import whole_split
from flows.pipelines.details import read_details
from flows.pipelines.evaluation import Origin
from flows.pipelines.image_filter import ImageKey
from flows.pipelines.matching_images import MatchingImages
from flows.pipelines.predicted_items import SplitPredictions, read_split_predictions
from flows.pipelines.score_files import of_release
from flows.pipelines.worst_drawings import MIN_SCORE
from flows.predictions import predictions_sha256
from flows.release import Release
from flows.warehouse import Warehouse, add_table, engine_errors
from schemas.details import (
    CLASS_DETAILS,
    POINT_DETAILS,
    PRECISION_DETAILS,
    RETRIEVAL_DETAILS,
    RETRIEVAL_OUTCOMES,
)
from schemas.errors import InputError

ERROR_STEPS = (0.05, 0.1)
"""Mean normalised errors that separate the outcomes of key points."""

_POINT_OUTCOMES = ("error up to 5 %", "error up to 10 %", "error over 10 %")

_OUTCOMES = {
    PRECISION_DETAILS.name: (
        ("missed", "false positive", "found"),
        """
        select image_id, unnest(missed) as item_no, 'missed' as outcome,
            cast(null as double) as score, cast(null as double) as value, 1.0 as severity
        from details
        union all
        select image_id, detection.item_no,
            case when detection.item_no is null then 'false positive' else 'found' end,
            detection.score, detection.overlap,
            case when detection.item_no is null then detection.score else 0 end
        from (select image_id, unnest(detections) as detection from details)
        where detection.ignored & 1 = 0
        """,
    ),
    POINT_DETAILS.name: (
        _POINT_OUTCOMES,
        f"""
        select image_id, 1 as item_no,
            case when avg(error) <= {ERROR_STEPS[0]} then '{_POINT_OUTCOMES[0]}'
                when avg(error) <= {ERROR_STEPS[1]} then '{_POINT_OUTCOMES[1]}'
                else '{_POINT_OUTCOMES[2]}' end as outcome,
            cast(null as double) as score, avg(error) as value, avg(error) as severity
        from details
        group by image_id
        """,
    ),
    RETRIEVAL_DETAILS.name: (
        RETRIEVAL_OUTCOMES,
        """
        select image_id, item_no, outcome, cast(null as double) as score,
            cast(rank as double) as value,
            case when rank is null then 1 else 1 - 1.0 / rank end as severity
        from details
        """,
    ),
    CLASS_DETAILS.name: (
        ("correct", "wrong category", "no prediction"),
        """
        select image_id, 1 as item_no,
            case when predicted_id is null then 'no prediction'
                when predicted_id = category_id then 'correct' else 'wrong category' end as outcome,
            cast(null as double) as score, cast(null as double) as value,
            case when predicted_id = category_id then 0 else 1 end as severity
        from details
        """,
    ),
}
"""By table of details: the outcomes of items, and the SELECT of one row for each of them."""

_WITH_SPLIT = """
select
    '{dataset}' as dataset,
    '{split}' as split,
    image_id,
    cast(item_no as smallint) as item_no,
    outcome,
    score,
    value,
    round(cast(severity as double), 6) as severity
from ({outcomes})
"""

_SEVERITIES = """
select image_id, round(sum(severity), 4) as severity
from outcomes
group by image_id
order by severity desc, image_id
"""


class BrowsedPredictions:
    """The outcome of each item of a split, and its predictions, where their files are given.

    `words` are the outcomes, `origin` says what was evaluated.
    """

    def __init__(
        self, con: Warehouse, release: Release, details: Path, paths: Sequence[Path]
    ) -> None:
        """Adds the table `outcomes` to the connection.

        Raises InputError for other files, for those of another release, and for predictions that
        the details are not about.
        """
        file = read_details(details)
        self.origin: Origin = of_release(details, file.origin, release)
        rows = file.rows
        if file.table.name == PRECISION_DETAILS.name:
            rows = whole_split(rows)
        self.words, sql = _OUTCOMES[file.table.name]
        self._place = (self.origin.dataset, self.origin.split)
        add_table(con, "details", rows)
        place = {"dataset": self.origin.dataset, "split": self.origin.split}
        with engine_errors():
            con.execute(f"create table outcomes as {_WITH_SPLIT.format(outcomes=sql, **place)}")
            con.execute("drop table details")
            self._severities = con.sql(_SEVERITIES).fetchnumpy()
        self._predictions: SplitPredictions | None = None
        if paths:
            if predictions_sha256(paths) != self.origin.predictions_sha256:
                raise InputError(f"{details} is not about these predictions: {paths[0]}")
            origin = self.origin
            self._predictions = read_split_predictions(
                con, origin.task, origin.dataset, origin.split, paths
            )

    def worst(
        self, matches: MatchingImages, limit: int, after: tuple[float, int] | None
    ) -> list[tuple[float, ImageKey]]:
        """Severity and key of the evaluated images among `matches`, the worst first.

        `after` is severity and number of the last image of the page before.
        """
        numbers, severities = self._severities["image_id"], self._severities["severity"]
        mask = np.isin(numbers, matches.in_split(self._place))
        if after is not None:
            severity, number = after
            mask &= (severities < severity) | ((severities == severity) & (numbers > number))
        rows = np.flatnonzero(mask)[:limit]
        return [(float(severities[row]), (*self._place, int(numbers[row]))) for row in rows]

    def drawn(self, keys: Collection[ImageKey]) -> dict[ImageKey, list[PredictedItem]]:
        """The predictions of these images that are sure enough to be drawn."""
        own = {key[2] for key in keys if key[:2] == self._place}
        if self._predictions is None or not own:
            return {}
        return {
            (*self._place, image_id): [
                item for item in items if item.score is None or item.score >= MIN_SCORE
            ]
            for image_id, items in self._predictions.items(own).items()
        }
