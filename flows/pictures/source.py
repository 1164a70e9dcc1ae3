"""Where the picture files of a split are: a location and the pattern of a member's name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flows.storage import Location, read_members
from flows.storage.objects import is_address
from schemas.errors import InputError
from schemas.source import Document


@dataclass(frozen=True)
class PictureSource:
    """The source that a split's pictures were ingested from; `pattern` has `{file_name}` in it."""

    location: Location
    pattern: str

    def member(self, file_name: str) -> str:
        """The name of a picture's member in the source."""
        return self.pattern.format(file_name=file_name)

    def read(self, file_names: Sequence[str]) -> Iterator[Document]:
        """The files in the order of their names; from zips in one pass over the archive.

        Raises InputError when the location as a whole cannot be read.
        """
        count = len(file_names)
        names = [self.member(name) for name in file_names]
        # Sizes and stamps were listed when the release was made; here they are not compared.
        members = pa.table({"name": names, "size": [-1] * count, "stamp": [""] * count})
        try:
            yield from read_members(self.location, members)
        except OSError as error:
            raise InputError(
                f"the pictures cannot be read at {self.location.path}: {error}; mount it, or give "
                "their present location (`--pictures-at`, `pictures_at` of a feed)."
            ) from error


def picture_source(
    inputs: Mapping[str, Mapping[str, Any]],
    dataset: str,
    split: str,
    pictures_at: str | None = None,
) -> PictureSource:
    """The source of a split's pictures, from the `inputs` of a release's manifest.

    Splits may have been ingested one by one from different places, so each has its location.
    `pictures_at` replaces it, for data that moved. Raises InputError when the manifest records
    neither, or when the location does not exist.
    """
    recorded = inputs.get(dataset) or {}
    pattern = (recorded.get("pictures") or {}).get(split)
    locations = recorded.get("locations") or {}
    location = pictures_at or locations.get(split, recorded.get("location"))
    if pattern is None or location is None:
        raise InputError(
            f"the release neither holds the pictures of {dataset} {split} nor records where they "
            "are: ingest with --embed-images."
        )
    try:
        return PictureSource(Location.parse(location), pattern)
    except InputError as error:
        if pictures_at is not None or is_address(location):
            raise  # the reason: a store has more of them than a path
        raise InputError(
            f"{location} does not exist or cannot be read: the pictures of {dataset} {split} were "
            "ingested from there; mount it, ingest from its present location, or give that "
            "(`--pictures-at` of an export, `pictures_at` of a feed)."
        ) from error
