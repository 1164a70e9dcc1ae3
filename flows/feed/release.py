"""A published release as the feed sees it: a folder that never changes, and its manifest."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import InputError


@dataclass(frozen=True)
class PinnedRelease:
    """One release by its own path, so that a newer one cannot slip in between two reads.

    `digest` is a hash of the manifest: it tells releases apart that were given the same id.
    """

    path: Path
    id: str
    digest: str
    inputs: dict[str, dict[str, Any]] = field(repr=False)
    recorded: tuple[str, ...] = field(repr=False)
    """Paths of its files, from the manifest: a file that was lost must be missed."""

    def files(self, table: str, dataset: str, split: str) -> list[Path]:
        """The Parquet files of a table for one split, in the order of their parts."""
        partition = f"{table}/dataset={dataset}/split={split}/"
        return [self.path / file for file in self.recorded if file.startswith(partition)]

    def splits(self, table: str) -> list[tuple[str, str]]:
        """(dataset, split) of every partition that a table has."""
        partitions = (file.split("/") for file in self.recorded if file.startswith(f"{table}/"))
        return sorted(
            {
                (steps[1].removeprefix("dataset="), steps[2].removeprefix("split="))
                for steps in partitions
                if len(steps) == 4
            }
        )


def _sources(inputs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Where each data set's pictures are, as the manifest says; TypeError when it is damaged."""
    for facts in inputs.values():
        words = [facts.get("location") or ""]
        for by_split in (facts.get("locations") or {}, facts.get("pictures") or {}):
            words += by_split.values()
        "".join(words)  # a TypeError unless all of them are words
    return inputs


@contextmanager
def require_readable(path: Path) -> Iterator[None]:
    """Whatever reading a damaged file or folder of a release raises, as an InputError."""
    try:
        yield
    except InputError:
        raise
    # Flipped bytes fail in many ways: in Arrow, as names that are not UTF-8, as missing columns.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read ({reason}): it is damaged or missing; `wardrobe verify` lists "
            "the damage of a release."
        ) from error


def open_release(path: str | Path) -> PinnedRelease:
    """The release at `path`: its own folder, a link such as `lake/current`, or a lake's folder.

    Links are followed once, here; what is opened later belongs to that release whatever is
    published meanwhile. Raises InputError when there is no release.
    """
    given = Path(path).expanduser()
    folder = given if os.path.lexists(given / "manifest.json") else given / "current"
    try:
        folder = folder.resolve(strict=True)
        data = (folder / "manifest.json").read_bytes()
        manifest = json.loads(data)
        inputs = _sources(manifest.get("inputs", {}))
        recorded = tuple(sorted("".join(file["path"]) for file in manifest["files"]))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{given} is no release: give the folder that holds manifest.json (`wardrobe path`)."
        ) from error
    # A JSON document of another shape fails with one of the last three.
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / 'manifest.json'} is damaged: {error}.") from error
    return PinnedRelease(
        path=folder,
        id=str(manifest.get("release") or folder.name),
        digest=hashlib.sha256(data).hexdigest()[:16],
        inputs=inputs,
        recorded=recorded,
    )
