"""What the evaluation of each task takes and gives: inputs, scores and details."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from flows.pipelines.progress import OnProgress, no_progress
from flows.warehouse import Warehouse


@dataclass(frozen=True)
class EvaluationInputs:
    """A split of a release, and the files of predictions for it.

    `by` are the attributes whose values are scored one by one. `details`: whether to return the
    rows behind the scores.
    """

    warehouse: Warehouse
    dataset: str
    split: str
    predictions: Sequence[Path]
    by: Sequence[str] = ()
    details: bool = False
    on_progress: OnProgress = no_progress

    @property
    def partition(self) -> dict[str, str]:
        """The parameters of queries about this split."""
        return {"dataset": self.dataset, "split": self.split}


@dataclass(frozen=True)
class TaskResult:
    """Scores of a task (rows of TASK_SCORES), a table of schemas/details.py, and notes for people.

    `kernel` is what computed the scores: `hotcoco 1.3.0`, or `sql`.
    """

    scores: pa.Table
    details: pa.Table | None
    kernel: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluator:
    """How a task is scored for a data set: the function, and the attributes that `by` may name.

    The function takes the inputs and the options of its command by name.
    """

    evaluate: Callable[..., TaskResult]
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """What was scored, and with what: the columns of SCORES that all scores of a task share."""

    task: str
    dataset: str
    split: str
    release: str
    predictions_sha256: str
    kernel: str
