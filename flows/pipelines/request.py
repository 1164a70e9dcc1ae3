"""What a person asks an ingest for: strings and numbers in, domain values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.decode import DECODERS
from flows.storage import Location
from schemas.errors import InputError


@dataclass(frozen=True)
class IngestRequest:
    """What a person asked for, checked; `request` makes one of strings and numbers."""

    dataset: str
    source: Location
    lake: Path
    splits: tuple[str, ...] = ()
    strict: bool = False
    verify_images: bool = False
    embed_images: bool = False
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


def request(
    *,
    dataset: str,
    source: str,
    lake: str,
    splits: Sequence[str] = (),
    side_files: Sequence[str] = (),
    allow_shrink: Sequence[str] = (),
    allow_refused: Sequence[str] = (),
    **flags: bool,
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
        **flags,
    )
