"""The options of an ingest: names, types, defaults and help texts, declared once.

The command line and the flow take the fields of `IngestRequest` as their parameters.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from schemas.datasets import DATASETS
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.storage import Location
    from flows.storage.place import Place

__all__ = [
    "IngestRequest",
    "Place",
    "parse_place",
    "record_parameters",
    "takes_fields_of",
]

ROW_OPTIONS = ("verify_images", "embed_images")
"""The options that change the rows of a part; each run records them for the next."""


@dataclass(frozen=True)
class IngestRequest:
    """What to ingest, from where, into which lake, and under which conditions to publish.

    Values are what a person can type. None means not given: the previous setting is kept. Raises
    InputError for a data set or split that does not exist, and `location` for such a source.
    """

    dataset: Annotated[str, "Data set that the source contains."]
    source: Annotated[str, "Folder, zip archive or CSV file to read; also s3://bucket/prefix."]
    lake: Annotated[str, "Folder of the lake, or s3://bucket/prefix."] = "lake"
    splits: Annotated[Sequence[str], "Read only this split; repeatable."] = ()
    strict: Annotated[bool, "Publish nothing (exit code 1) if anything is refused."] = False
    verify_images: Annotated[
        bool | None, "Decode every picture and store its hash; default: as in the last run."
    ] = None
    embed_images: Annotated[
        bool | None, "Store the pictures in the lake; default: as in the last run."
    ] = None
    side_files: Annotated[
        Sequence[str], "Read this retrieval list or information file too; repeatable."
    ] = ()
    prune: Annotated[bool, "Remove splits that the source no longer has."] = False
    allow_shrink: Annotated[
        Sequence[str], "Allow this split to lose over 5 % of its images; repeatable."
    ] = ()
    allow_refused: Annotated[
        Sequence[str], "Allow over 1 % of this split to be refused; repeatable."
    ] = ()
    resume: Annotated[bool, "Publish again after `wardrobe rollback`."] = False
    wait: Annotated[bool, "Wait for another writer of the lake instead of failing."] = False

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise InputError(
                f"unknown data set {self.dataset}: the data sets are {', '.join(DATASETS)}"
            )
        splits = DATASETS[self.dataset].splits
        for split in (*self.splits, *self.allow_shrink, *self.allow_refused):
            if split not in splits:
                raise InputError(
                    f"{self.dataset} has no split {split}; its splits are {', '.join(splits)}"
                )

    @cached_property
    def location(self) -> "Location":
        """The source and its side files, found on this machine or in a store."""
        from flows.storage import Location

        return Location.parse(self.source, self.side_files)

    @property
    def row_options(self) -> str:
        """Those of ROW_OPTIONS that are on, for the fingerprint of a part."""
        return ",".join(name for name in ROW_OPTIONS if getattr(self, name))

    def with_remembered_options(self, inputs: Mapping[str, Any]) -> "IngestRequest":
        """The request with the previous settings where it gives none.

        `inputs` is what the manifest of the last release records of this data set. Without it, a
        scheduled run that gives no options would remove the pictures that an earlier run stored.
        """
        recorded = str(inputs.get("options", "")).split(",")
        missing = [name for name in ROW_OPTIONS if getattr(self, name) is None]
        remembered: dict[str, Any] = {name: name in recorded for name in missing}
        return replace(
            self,
            side_files=self.side_files or inputs.get("side_files", ()),
            **remembered,
        )


def parse_place(text: "str | Place") -> "Place":
    """`s3://bucket/prefix` as ObjectPath, anything else as Path. InputError for a bad address."""
    from flows.storage import place  # takes Arrow, and `wardrobe --help` does not need it

    return place.parse_place(text)


def record_parameters(record: type, only: Collection[str] = ()) -> list[inspect.Parameter]:
    """The fields of a record (of these names, or all) as keyword parameters of a function."""
    hints = get_type_hints(record, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=hints[field.name],
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in fields(record)
        if not only or field.name in only
    ]


def takes_fields_of(
    record: type, parameters: Sequence[inspect.Parameter] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace the first parameter of a function, a `record`, by the fields of the record.

    `parameters` describes the fields; default: `record_parameters(record)`. The function is called
    with a record made of their values.
    """
    declared = record_parameters(record) if parameters is None else list(parameters)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        others = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        signature = inspect.Signature(sorted([*declared, *others], key=_has_default))

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            values = signature.bind(*args, **kwargs).arguments
            own = {parameter.name: values.pop(parameter.name, None) for parameter in declared}
            # None means not given, also where a caller (a form of the Prefect UI) passes it.
            own = {name: value for name, value in own.items() if value is not None}
            return function(record(**own), **values)

        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return call

    return decorate


def _has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty
