"""What a person asks an ingest for: strings and numbers in, domain values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows.decode import DECODERS
from flows.storage import Location
from schemas.errors import InputError


@dataclass(frozen=True)
class IngestRequest:
    """What a person asked for, checked; `request` makes one of strings and numbers.

    What is None was not spoken of: `as_before` settles it.
    """

    dataset: str
    source: Location
    lake: Path
    splits: tuple[str, ...] = ()
    strict: bool = False
    verify_images: bool | None = None
    embed_images: bool | None = None
    prune: bool = False
    allow_shrink: tuple[str, ...] = ()
    allow_refused: tuple[str, ...] = ()
    resume: bool = False
    wait: bool = False

    @property
    def options(self) -> str:
        """What beside the source decides about the rows, for fingerprints."""
        chosen = {"verify_images": self.verify_images, "embed_images": self.embed_images}
        return ",".join(name for name, given in chosen.items() if given)

    def as_before(self, inputs: Mapping[str, Any]) -> "IngestRequest":
        """The request with what was not spoken of as the release before has it.

        `inputs` are the manifest's for this data set. Otherwise a plain second run would undo what
        the first one was asked for: a schedule must not drop pictures because it says nothing.
        """
        known = str(inputs.get("options", "")).split(",")
        recorded = inputs.get("side_files", [])
        save_fingerprints = recorded and not self.source.side_files
        return replace(
            self,
            source=Location.parse(self.source.path, recorded) if save_fingerprints else self.source,
            verify_images=_first(self.verify_images, "verify_images" in known),
            embed_images=_first(self.embed_images, "embed_images" in known),
        )


def _first(given: bool | None, recorded: bool) -> bool:
    return recorded if given is None else given


def request(
    *,
    dataset: str,
    source: str,
    lake: str,
    splits: Sequence[str] = (),
    side_files: Sequence[str] = (),
    allow_shrink: Sequence[str] = (),
    allow_refused: Sequence[str] = (),
    **flags: bool | None,
) -> IngestRequest:
    """An ingest request of what a person can type. Raises InputError where that cannot be."""
    if dataset not in DECODERS:
        raise InputError(f"there is no decoder for {dataset}; there are {', '.join(DECODERS)}")
    known = DECODERS[dataset].splits
    for split in (*splits, *allow_shrink, *allow_refused):
        if split not in known:
            raise InputError(f"{dataset} has no split {split}; it has {', '.join(known)}")
    return IngestRequest(
        dataset=dataset,
        source=Location.parse(source, side_files),
        lake=Path(lake),
        splits=tuple(splits),
        allow_shrink=tuple(allow_shrink),
        allow_refused=tuple(allow_refused),
        **flags,  # type: ignore[arg-type]
    )
