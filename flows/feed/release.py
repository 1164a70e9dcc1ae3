"""A published release as the feed sees it: a folder that never changes, and its manifest."""

import hashlib
import json
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

    def files(self, table: str, dataset: str, split: str) -> list[Path]:
        """The Parquet files of a table for one split, in the order of their parts."""
        folder = self.path / table / f"dataset={dataset}" / f"split={split}"
        return sorted(folder.glob("*.parquet"))

    def splits(self, table: str) -> list[tuple[str, str]]:
        """(dataset, split) of every partition that a table has."""
        folders = sorted((self.path / table).glob("dataset=*/split=*"))
        return [(at.parent.name.split("=", 1)[1], at.name.split("=", 1)[1]) for at in folders]


def open_release(path: str | Path) -> PinnedRelease:
    """The release at `path`: its own folder, a link such as `lake/current`, or a lake's folder.

    Links are followed once, here; what is opened later belongs to that release whatever is
    published meanwhile. Raises InputError when there is no release.
    """
    given = Path(path).expanduser()
    folder = given if (given / "manifest.json").is_file() else given / "current"
    try:
        folder = folder.resolve(strict=True)
        data = (folder / "manifest.json").read_bytes()
        manifest = json.loads(data)
    except OSError as error:
        raise InputError(
            f"{given} is no release: give the folder that holds manifest.json (`wardrobe path`)."
        ) from error
    except ValueError as error:
        raise InputError(f"{folder / 'manifest.json'} is damaged: {error}.") from error
    return PinnedRelease(
        path=folder,
        id=manifest.get("release") or folder.name,
        digest=hashlib.sha256(data).hexdigest()[:16],
        inputs=manifest.get("inputs", {}),
    )
