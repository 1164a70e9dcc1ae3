"""Categories by data set, from the records of schemas/datasets.py."""

from dataclasses import replace

from schemas.category_lists import FASHIONAI_POINTS, Category, Edge
from schemas.datasets import DATASETS

__all__ = ["CATEGORIES", "FASHIONAI_POINTS", "Category", "Edge", "category"]

CATEGORIES: dict[str, tuple[Category, ...]] = {
    name: tuple(replace(declared, dataset=name) for declared in dataset.categories)
    for name, dataset in DATASETS.items()
}
"""Every category, by data set, in the order of its ids."""


def category(dataset: str, category_id: int) -> Category:
    """The category with that id. Raises KeyError when the data set does not define it."""
    for candidate in CATEGORIES[dataset]:
        if candidate.category_id == category_id:
            return candidate
    raise KeyError(f"{dataset} has no category {category_id}")
