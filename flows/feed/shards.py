"""Training shards as a map of samples, in an order that reads each row group once."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from flows.feed.order import shuffled_groups
from flows.feed.pixels import as_array, keep_freed_memory, unreadable
from flows.feed.rowgroups import LANES, RowGroups
from flows.pictures import PictureError, decode_picture
from schemas.errors import InputError


class Shards:
    """Rows of Parquet files with a picture inside, as `wardrobe export training` writes them.

    `path` is a file or a folder with `*.parquet` in it, of which `split` takes those named after
    a split. A sample holds the row's columns: numbers
    and words as they are, lists as NumPy arrays (lists of these where lengths differ), structs as
    dictionaries, and `picture` decoded from the column `image` (struct of bytes and path).

    For data that does not fit into memory: the order of an epoch mixes `lanes` row groups at any
    time and reads each once (see order.shuffled_groups), so a process holds at most that many.
    Walk it with a Sampler and a Loader, which splits ranks and resumes like any feed's; when the
    world size divides `lanes`, ranks read different groups. Threads share the groups, so prefer
    them to DataLoader workers, each of which reads all groups of its rank.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        split: str | None = None,
        columns: Sequence[str] | None = None,
        lanes: int = LANES,
        mode: str = "RGB",
        picture: str = "numpy",
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        given = Path(path).expanduser()
        pattern = f"{split}-*.parquet" if split else "*.parquet"
        files = sorted(given.rglob(pattern)) if given.is_dir() else [given]
        if not files or not files[0].is_file():
            raise InputError(f"{given} holds no training shards ({pattern}).")
        if picture not in ("numpy", "pil"):
            raise InputError(f"picture cannot be {picture}: give one of numpy, pil.")
        self._options = {
            "path": given.absolute(),
            "split": split,
            "columns": columns,
            "lanes": lanes,
            "mode": mode,
            "picture": picture,
            "transform": transform,
        }
        self._mode, self._as_array, self._transform = mode, picture == "numpy", transform
        self._lanes = lanes
        self.groups = RowGroups(files, None if columns is None else [*columns, "image"], lanes)
        if self.groups.schema.get_field_index("image") < 0:
            raise InputError(f"{files[0]} has no column `image`: it is no training shard.")
        named = "".join(f"{file.relative_to(given.parent)}\n" for file in files)
        self.origin = (
            f"shards-{hashlib.sha256(named.encode() + self.groups.digest).hexdigest()[:16]}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (type(self), self._options)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, place: int) -> Any:
        """The sample of a row from 0; IndexError beyond the end, as sequences do."""
        return self.__getitems__([place])[0]

    def __getitems__(self, places: Sequence[int]) -> list[Any]:
        """The samples of a batch; PyTorch asks for batches this way."""
        keep_freed_memory()
        samples = [self._sample(int(place)) for place in places]
        return samples if self._transform is None else [self._transform(one) for one in samples]

    @property
    def selection(self) -> str:
        """Which rows in which order, for the state of a sampler."""
        return f"{len(self)} rows in {self._lanes} lanes"

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of an epoch, shuffled so that few row groups are read at a time."""
        return shuffled_groups(self.groups.sizes, self._lanes, seed, epoch)

    def _sample(self, place: int) -> dict[str, Any]:
        if not -len(self) <= place < len(self):
            raise IndexError(f"row {place} of {len(self)}")
        group, row = self.groups.at(place % len(self))
        sample = {
            name: _value(group[name].chunk(0), row)
            for name in group.schema.names
            if name != "image"
        }
        image = group["image"].chunk(0)
        data = image.field("bytes")[row].as_py()
        try:
            picture = decode_picture(data, self._mode)
        except PictureError as error:
            raise unreadable(str(image.field("path")[row]), error) from error
        return {"picture": as_array(picture) if self._as_array else picture, **sample}


def _reopened(kind: type[Shards], options: dict[str, Any]) -> Shards:
    return kind(**options)


def _value(array: pa.Array, row: int) -> Any:
    """One row of a column."""
    kind = array.type
    if pa.types.is_struct(kind):
        return {field.name: _value(array.field(field.name), row) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        first, last = array.offsets[row].as_py(), array.offsets[row + 1].as_py()
        return _values(array.values.slice(first, last - first))
    if pa.types.is_fixed_size_list(kind):
        return _values(array.slice(row, 1).flatten())
    return array[row].as_py()


def _values(array: pa.Array) -> Any:
    """All rows of a list: an array where they are numbers, else a list or a dictionary of these."""
    kind = array.type
    if pa.types.is_struct(kind):
        return {field.name: _values(array.field(field.name)) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        inner = _values(array.flatten())
        if isinstance(inner, np.ndarray):
            return inner.reshape(len(array), kind.list_size, *inner.shape[1:])
    if pa.types.is_nested(kind):
        return [_value(array, row) for row in range(len(array))]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return np.array(array.to_numpy(zero_copy_only=False))
    return array.to_pylist()
