"""The options that select what an export writes: names, types and help texts, declared once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated


@dataclass(frozen=True)
class Selection:
    """What an export takes from a split; what is not given selects everything."""

    where: Annotated[str | None, "Export what matches this SQL condition over items_full."] = None
    keys: Annotated[Path | None, "Export only the images or items in this CSV or Parquet file."] = (
        None
    )
    exclude: Annotated[Path | None, "Leave out the images or items in this file of keys."] = None

    def __bool__(self) -> bool:
        return self.where is not None or bool(self.files)

    @property
    def files(self) -> list[Path]:
        """The files of keys."""
        return [path for path in (self.keys, self.exclude) if path is not None]
