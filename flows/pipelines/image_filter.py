"""Filters of images as one SELECT: choices from the declarations and a condition in, SQL out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from flows.release import Release
from flows.warehouse import all_checks, check_named, in_parentheses, text_literal
from schemas.categories import CATEGORIES
from schemas.datasets import DATASETS
from schemas.errors import InputError, did_you_mean
from schemas.images import IMAGES
from schemas.items import ITEMS
from schemas.rejections import RULES
from schemas.table import IMAGE_KEY, ImageKey
from schemas.vocabulary import OCCLUDED, UNLABELLED, VISIBLE

KEY = ", ".join(IMAGE_KEY)

ANY = "any"
"""The value of `rejection` for every rule, and of `outcome` for every evaluated image."""

OUTCOME = "outcome"
"""The field of the outcomes of predictions."""

_VISIBILITY = {
    VISIBLE: "landmarks_visible > 0",
    OCCLUDED: "landmarks_occluded > 0",
    UNLABELLED: "landmark_count > landmarks_visible + landmarks_occluded",
}
"""The items with a landmark of that visibility, as conditions over items_full."""


def parse_key(text: str) -> ImageKey:
    """`deepfashion2/train/17` as the key of an image. Raises InputError for other text."""
    match = re.fullmatch(r"([\w-]{1,40})/([\w-]{1,40})/(\d{1,18})", text, re.ASCII)
    if match is None:
        raise InputError(f"{text[:80]!r} is not DATASET/SPLIT/IMAGE_ID.")
    return match[1], match[2], int(match[3])


def key_text(key: ImageKey) -> str:
    """The key of an image as `parse_key` reads it."""
    return "/".join(map(str, key))


def key_literal(key: ImageKey) -> str:
    """The key of an image as a row in SQL."""
    return f"({text_literal(key[0])}, {text_literal(key[1])}, {int(key[2])})"


def choices(release: Release) -> dict[str, tuple[str, ...]]:
    """The values that each field of a filter may have in this release; not those of `where`.

    Columns of images and items with a closed vocabulary come from the declarations.
    """
    held = {dataset for dataset, _ in release.splits("images")}
    datasets = tuple(dataset for dataset in DATASETS if dataset in held)
    splits = (split for dataset in datasets for split in DATASETS[dataset].splits)
    columns = {column.field.name: column.words for column in (*IMAGES.columns, *ITEMS.columns)}
    names = (category.name for dataset in datasets for category in CATEGORIES[dataset])
    checks = (check for check in all_checks() if set(IMAGE_KEY) <= check.columns.keys())
    return {
        "dataset": datasets,
        "split": tuple(dict.fromkeys(splits)),
        "category_name": tuple(dict.fromkeys(names)),
        "annotated": ("true", "false"),
        **{name: words for name, words in columns.items() if words and name not in IMAGE_KEY},
        "visibility": tuple(_VISIBILITY),
        "rejection": (ANY, *RULES),
        "check": tuple(check.name for check in checks),
    }


@dataclass(frozen=True)
class ImageFilter:
    """Which images: a value of `choices` by field, and a condition over items_full or None.

    SQL with `where` must go through `ConfinedProcess`, which refuses other text than one condition.
    `settings` are the parameters of checks that the release was derived with.
    """

    values: Mapping[str, str]
    where: str | None = None
    settings: Mapping[str, object] | None = None

    @classmethod
    def parse(
        cls,
        words_by_field: Mapping[str, tuple[str, ...]],
        fields: Mapping[str, str],
        settings: Mapping[str, object] | None = None,
    ) -> "ImageFilter":
        """The filter of these fields; other names and empty values are ignored.

        Raises InputError for an unknown value. `where` is not parsed here: it may be any text.
        """
        values = {}
        for name, words in words_by_field.items():
            if value := fields.get(name):
                if value not in words:
                    hint = did_you_mean(value[:80], words, f"give one of {', '.join(words[:9])}")
                    raise InputError(f"{name} {value[:80]!r} does not exist: {hint}")
                values[name] = value
        return cls(values, fields.get("where", "").strip() or None, settings)

    def sql(self) -> str:
        """The keys of the images, sorted: a SELECT that `wardrobe sql` runs too."""
        return f"{self.rows(KEY)}\norder by {KEY}"

    def rows(self, columns: str, condition: str = "") -> str:
        """The SELECT of these columns of `images`, in no order; `condition` is SQL."""
        lines = [f"select {columns}", "from images"]
        for name, rows in self._matches():
            lines.append(f"semi join (\n{rows}\n) as {name} using ({KEY})")
        conditions = [*self._equal(IMAGES.schema.names), *([condition] if condition else [])]
        if conditions:
            lines.append("where " + "\n    and ".join(conditions))
        return "\n".join(lines)

    def _equal(self, columns: list[str]) -> list[str]:
        return [
            f"{name} = {text_literal(value)}"
            for name, value in self.values.items()
            if name in columns
        ]

    def _matches(self) -> Iterator[tuple[str, str]]:
        """The rows of other tables that an image must have, each with an alias."""
        split = self._equal(["dataset", "split"])
        items = self._equal([name for name in ITEMS.schema.names if name not in IMAGE_KEY])
        if visibility := self.values.get("visibility"):
            items.append(_VISIBILITY[visibility])
        if self.where:
            items.append(in_parentheses(self.where))
        if items:
            reads = "items_full" if self.where or visibility else "items"
            yield "matching_items", _select(reads, [*split, *items])
        if rule := self.values.get("rejection"):
            broken = [] if rule == ANY else [f"rule = {text_literal(rule)}"]
            yield "refused", _select("rejections", [*split, "image_id is not null", *broken])
        if outcome := self.values.get(OUTCOME):
            own = "true" if outcome == ANY else f"outcome = {text_literal(outcome)}"
            yield "evaluated", _select("outcomes", [own])
        if check := self.values.get("check"):
            yield "offending", f"    select {KEY} from (\n{self.check_sql(check)}\n    )"

    def check_sql(self, name: str) -> str:
        """The SELECT of a check, without comments, with the values of its parameters."""
        check, settings = check_named(name), self.settings or {}
        own = {key: settings[key] for key in check.param_names if key in settings}
        text = "\n".join(line for line in check.text.splitlines() if not line.startswith("--"))
        for param, value in check.values(own).items():
            text = re.sub(rf"\${param}\b", text_literal(str(value)), text)
        return text.strip()

    def with_values(self, values: Mapping[str, str]) -> "ImageFilter":
        """The same filter with these values of fields."""
        return replace(self, values={**self.values, **values})

    def without(self, field: str) -> "ImageFilter":
        """The same filter with any value of a field."""
        values = {name: value for name, value in self.values.items() if name != field}
        return replace(self, values=values)


def _select(table: str, conditions: list[str]) -> str:
    return f"    select {KEY} from {table}\n    where " + "\n        and ".join(conditions)
