"""Published scores of the data sets' authors, to compare with: value and origin of each."""

from dataclasses import dataclass

from schemas.scores import ALL


@dataclass(frozen=True)
class Baseline:
    """A published score: the columns of the score table it is for, and what reached it."""

    dataset: str
    split: str
    task: str
    metric: str
    score: float
    method: str
    attribute: str = ALL
    value: str = ALL
    category: str = ALL


BASELINES: tuple[Baseline, ...] = (
    # README of Fashion-MNIST.
    Baseline("fashion-mnist", "test", "classification", "accuracy", 0.835, "crowd-sourced people"),
)
"""Every published score; where several methods have one, the first is the one to print."""
