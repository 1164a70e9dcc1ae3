"""A source compared with the last release: the listing, what is unchanged, the parts to build."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.decode import DECODERS, Arrangement, Decoder
from flows.flatten import FLATTEN_VERSION
from flows.lake import Plan, Staging, part_size, plan_parts
from flows.pictures import PROBE_VERSION
from flows.pipelines.derive import PairSettings, parameters_of
from flows.pipelines.parts import INCOMPLETE_FINGERPRINT
from flows.pipelines.request import IngestRequest
from flows.release import Release, require_files
from flows.storage import Listing, list_members, read_member
from flows.storage.location import SIDE_FOLDER
from schemas.datasets import PART_SIZE
from schemas.errors import InputError
from schemas.table import SCHEMA_VERSION

LISTING = "listing"
"""Name of the file that holds the members."""


@dataclass(frozen=True)
class Source:
    """The members of a source, and the last release of the lake that they are compared with.

    `request` has the options of the last run where it gives none. `folder` holds the listing and
    the members of the parts to build.
    """

    request: IngestRequest
    parent: Release | None
    folder: Path
    members: Listing

    @classmethod
    def read(cls, request: IngestRequest, parent: Release | None, folder: Path) -> "Source":
        """List the source into `folder`. Raises InputError or OSError when it cannot be listed."""
        inputs = parent.manifest.inputs.get(request.dataset, {}) if parent else {}
        request = request.with_remembered_options(inputs)
        return cls(
            request, parent, folder, Listing(folder / LISTING, list_members(request.location))
        )

    @property
    def decoder(self) -> Decoder:
        """The decoder of the data set."""
        return DECODERS[self.request.dataset]

    @property
    def recorded(self) -> dict[str, Any]:
        """The manifest's record of this data set's source; empty for a new data set."""
        return self.parent.manifest.inputs.get(self.request.dataset, {}) if self.parent else {}

    @property
    def split_counts(self) -> dict[str, dict[str, int]]:
        """Counts of this data set in the last release, by split."""
        return self.parent.manifest.split_counts(self.request.dataset) if self.parent else {}

    @property
    def pair_settings(self) -> PairSettings:
        """The pair sets of the last release, which the next one keeps."""
        return PairSettings.recorded(self.parent.manifest.parameters if self.parent else {})

    @cached_property
    def listing(self) -> str:
        """A hash of the members' names, sizes and stamps, options and versions."""
        request = self.request
        digest = hashlib.sha256(f"{request.row_options}:{part_versions(request.dataset)}".encode())
        for table in self.members:
            for batch in table.to_batches():
                digest.update(batch.serialize())
        return digest.hexdigest()[:32]

    @cached_property
    def unchanged_since(self) -> Release | None:
        """The last release if it was made of this source, so that no file needs to be opened.

        Raises InputError when a file of that release is missing or has another size.
        """
        unchanged = (
            self.parent is not None
            and not self.request.splits
            and not self.request.prune
            and self.recorded.get("listing") == self.listing
            and self.parent.manifest.parameters == parameters_of(self.pair_settings)
        )
        if self.parent is None or not unchanged:
            return None
        require_files(self.parent, self.parent.manifest.files)
        return self.parent

    @cached_property
    def arrangement(self) -> Arrangement:
        """The members by part; a request for one split names the split of a source without."""
        splits, location = self.request.splits, self.request.location
        override = splits[0] if len(splits) == 1 else None
        return self.decoder.arrange(
            self.members, override, lambda name: read_member(location, name)
        )

    def _arranged(self) -> Iterator[pa.Table]:
        """The tables of the arrangement.

        Raises InputError for a side file that is not part of the data set: it was named on purpose.
        """
        for table in self.arrangement.members:
            is_ignored = pc.equal(table["role"], "ignored")
            is_side_file = pc.starts_with(table["name"], SIDE_FOLDER)
            for name in table.filter(pc.and_(is_ignored, is_side_file))["name"].to_pylist():
                raise InputError(
                    f"side file {name.removeprefix(SIDE_FOLDER)} is not a list that "
                    f"{self.request.dataset} has, or its name does not say the split"
                )
            yield table

    @cached_property
    def part_size(self) -> int:
        """Image numbers of a part: as in the last release, or by the size of a new source."""
        if self.recorded:
            return int(self.recorded.get("part_size", PART_SIZE))
        return part_size(self.members.num_rows)

    @cached_property
    def plan(self) -> Plan:
        """The parts to build, to link and to remove. Raises InputError for an unknown split."""
        return plan_parts(
            self.request.dataset,
            self._arranged(),
            self.folder,
            versions=part_versions(self.request.dataset),
            options=self.request.row_options,
            parent=self.parent.manifest if self.parent else None,
            splits=self.request.splits or None,
            prune=self.request.prune,
            size=self.part_size,
            members=self.members.num_rows,
        )

    @property
    def kept_splits(self) -> Sequence[str]:
        """Splits that the lake keeps though the source, from which they were read, lost them."""
        if self.unchanged_since:
            return self.recorded.get("kept_splits", ())
        before = self.splits_of_parent()
        return [split for split in self.plan.retained_splits if split in before]

    def splits_of_parent(self) -> set[str]:
        """The splits of the last release that were read from the same path."""
        path = str(self.request.location.path)
        locations = self.recorded.get("locations", {})
        return {split for split, location in locations.items() if location == path}

    def as_inputs(self, staging: Staging) -> dict[str, Any]:
        """The manifest's record of the source, for later runs and for readers of its pictures.

        Each split records its path, because splits may be ingested one by one from different
        paths. The listing is recorded only if it describes the whole source and every part was
        read whole: otherwise the next run reads again what failed.
        """
        request, location = self.request, self.request.location
        incomplete = any(
            part.fingerprint == INCOMPLETE_FINGERPRINT
            for part in staging.parts.values()
            if part.dataset == request.dataset
        )
        usual = self.decoder.picture_path
        splits = sorted({part.split for part in self.plan.changed} | set(self.plan.images))
        return {
            "location": str(location.path),
            "kind": location.kind,
            "kept_splits": list(self.kept_splits),
            "listing": None if request.splits or incomplete else self.listing,
            "options": request.row_options,
            **({"part_size": self.part_size} if self.part_size != PART_SIZE else {}),
            "side_files": [str(path) for path in location.side_files],
            "locations": {
                **self.recorded.get("locations", {}),
                **dict.fromkeys(splits, str(location.path)),
            },
            "pictures": {
                **self.recorded.get("pictures", {}),
                **{split: usual.format(split=split, file_name="{file_name}") for split in splits},
                **self.arrangement.pictures,
            },
        }


def part_versions(dataset: str) -> dict[str, int]:
    """Version by name; a part is rebuilt when one of them differs from its fingerprint.

    Each is declared with the code that it describes and raised by hand when the output of that
    code changes; tests/golden/versions.json records the output that belongs to each number.
    """
    return {
        "decoder": DECODERS[dataset].version,
        "flatten": FLATTEN_VERSION,
        "probe": PROBE_VERSION,
        "schema": SCHEMA_VERSION,
    }
