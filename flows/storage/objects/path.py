"""An object or a prefix of a bucket, with the names of pathlib where it does the same."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa

from flows.storage.objects.store import Refused, StoreError, open_store, store_errors
from schemas.errors import InputError

OBJECTS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("etag", pa.string()),
        pa.field("modified", pa.timestamp("us", "UTC"), nullable=False),
    ]
)
"""A listing: names below the prefix, sizes in bytes, etags, and times by the store's clock."""

PAGE = 1000
"""Objects in one answer to a request for a listing."""

NEAR = 16 << 10
"""Bytes between two ranges that are read rather than requested apart. Few, because memory holds
them: four thousand ranges of pictures would be hundreds of megabytes."""

_ADDRESS = re.compile(r"s3:/{1,2}(?=[^/])([^/]*)/*(.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")


class ObjectFacts(NamedTuple):
    """Size in bytes, etag, and the time of the last change by the store's clock."""

    size: int
    etag: str | None
    modified: datetime


def is_address(text: object) -> bool:
    """Whether a text or path is `s3://...`; pathlib writes one slash (`s3:/bucket`)."""
    return re.match(r"s3:/", str(text)) is not None


@dataclass(frozen=True, order=True)
class ObjectPath:
    """`s3://bucket/key`: an object, or a prefix (a key without the slash at its end).

    It can be pickled and printed: it holds neither credentials nor a connection. `size` is the
    number of bytes where it is known, which saves a request. Methods raise FileNotFoundError for an
    object that does not exist, and StoreError for what else a store refuses.
    """

    bucket: str
    key: str = ""
    size: int | None = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(cls, text: object) -> "ObjectPath":
        """The object or prefix of an address. Raises InputError for another text."""
        match = _ADDRESS.fullmatch(str(text))
        key = match[2].strip("/") if match else ""
        if "@" in (match[1] if match else "") or "?" in key:  # not shown: it may be a secret
            raise InputError(
                "an address has neither credentials nor a query: give s3://bucket/prefix."
            )
        if not match or not _BUCKET.fullmatch(match[1]):
            raise InputError(f"{text} does not name a bucket: give s3://bucket/prefix.")
        if (key and set(key.split("/")) & {"", ".", ".."}) or not key.isprintable():
            raise InputError(f"{text} has a step that a key of an object cannot have.")
        return cls(match[1], key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}".rstrip("/")

    def __truediv__(self, name: str | PurePosixPath) -> "ObjectPath":
        return ObjectPath(self.bucket, f"{self.key}/{name}".lstrip("/"))

    @property
    def name(self) -> str:
        """The last step of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> "ObjectPath":
        """The prefix that contains it; the bucket is its own parent."""
        return ObjectPath(self.bucket, self.key.rpartition("/")[0])

    @property
    def parts(self) -> tuple[str, ...]:
        """The bucket and the steps of the key."""
        return (f"s3://{self.bucket}", *filter(None, self.key.split("/")))

    def is_relative_to(self, prefix: object) -> bool:
        """Whether it is a prefix or below it."""
        return f"{self}/".startswith(f"{prefix}/")

    def exists(self) -> bool:
        """Whether there is an object of this key: one request."""
        try:
            self.facts()
        except FileNotFoundError:
            return False
        return True

    def absolute(self) -> "ObjectPath":
        """Itself: every address is absolute."""
        return self

    def with_size(self, size: int) -> "ObjectPath":
        """The same object, with its size."""
        return replace(self, size=size)

    def facts(self) -> ObjectFacts:
        """Size, etag and time of an object: one request."""
        with store_errors(self):
            meta = self._client.head(self._store, self.key)
        return _facts(meta)

    def read_bytes(self) -> bytes:
        """All bytes of an object: one request."""
        return self.read_tagged()[0]

    def read_tagged(self) -> tuple[bytes, str]:
        """All bytes of an object and its etag, of one moment."""
        facts, read = self.open_range()
        return read(), str(facts.etag)

    def open_range(
        self, start: int = 0, end: int | None = None
    ) -> tuple[ObjectFacts, Callable[[], bytes]]:
        """Facts of an object, and a function that reads its bytes from `start` to `end`.

        Both are the answer to one request; fewer bytes come at the end of the object. `start` must
        be before it.
        """
        span: Any = (start, end) if end is not None else {"offset": start}
        options = {"range": span} if start or end is not None else None
        with store_errors(self):
            answer = self._client.get(self._store, self.key, options=options)

        def read() -> bytes:
            with store_errors(self):
                return bytes(answer.bytes())

        return _facts(answer.meta), read

    def read_range(self, start: int, length: int) -> bytes:
        """`length` bytes from `start`, fewer at the end; `start` and `length` must have some."""
        with store_errors(self):
            return bytes(self._client.get_range(self._store, self.key, start=start, length=length))

    def read_ranges(self, starts: Sequence[int], lengths: Sequence[int]) -> list[bytes]:
        """Several ranges of an object; those less than NEAR apart come with one request."""
        with store_errors(self):
            answers = self._client.get_ranges(
                self._store, self.key, starts=starts, lengths=lengths, coalesce=NEAR
            )
        return list(map(bytes, answers))

    def write_bytes(self, data: bytes) -> None:
        """Write an object, whatever was there."""
        with store_errors(self):
            self._client.put(self._store, self.key, data, use_multipart=False)

    def upload(self, file: Path) -> None:
        """Write an object from a file on this machine, whatever was there."""
        with store_errors(self):
            self._client.put(self._store, self.key, file)

    def write_if(self, data: bytes, etag: str | None = None) -> str | None:
        """Write an object that does not exist, or (with `etag`) is still that one; its new etag.

        None when another writer was first. The store may have written what it says it refused, if
        its first answer was lost and the request repeated: so the object is read back. `data` must
        therefore be of this call alone.
        """
        try:
            with store_errors(self):
                mode: Any = "create" if etag is None else {"e_tag": etag}
                answer = self._client.put(
                    self._store, self.key, data, mode=mode, use_multipart=False
                )
            return str(answer["e_tag"])
        except FileNotFoundError:  # the object to replace
            return None
        except StoreError as error:
            with suppress(FileNotFoundError):
                present, present_etag = self.read_tagged()
                if present == data:
                    return present_etag
            if isinstance(error, Refused):
                return None
            raise

    def copy_to(self, target: "ObjectPath") -> None:
        """Copy an object within the store; its bytes do not pass through this machine."""
        with store_errors(self):
            self._client.copy(self._store, self.key, target.key)

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects by their names below this prefix, where they exist."""
        keys = [(self / name).key for name in names]
        if keys:
            with store_errors(self):
                self._client.delete(self._store, keys)

    def objects(self) -> pa.Table:
        """The objects below this prefix as OBJECTS, sorted by name; a request for each PAGE."""
        return pa.Table.from_batches(self.listed(PAGE), OBJECTS).sort_by("name")

    def listed(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The objects below this prefix as OBJECTS, so many rows at a time, as the store sorts."""
        start = len(self.key) + 1 if self.key else 0
        with store_errors(self):
            for chunk in self._client.list(self._store, self.key or None, chunk_size=rows):
                columns = [
                    [meta["path"][start:] for meta in chunk],
                    *([meta[key] for meta in chunk] for key in ("size", "e_tag", "last_modified")),
                ]
                arrays = map(pa.array, columns, OBJECTS.types)
                yield pa.RecordBatch.from_arrays(list(arrays), schema=OBJECTS)

    def is_empty(self) -> bool:
        """Whether nothing is below this prefix: one request."""
        with store_errors(self):
            return not next(iter(self._client.list(self._store, self.key or None)), None)

    def folders(self) -> list[str]:
        """The next steps of the keys below this prefix that have more steps, sorted."""
        return self.top()[1]

    def top(self) -> tuple[list[str], list[str]]:
        """The names of the objects directly below this prefix, and its `folders`; both sorted."""
        with store_errors(self):
            answer = self._client.list_with_delimiter(self._store, self.key or None)
        paths = [meta["path"] for meta in answer["objects"]], answer["common_prefixes"]
        objects, folders = (
            sorted(path.rstrip("/").rpartition("/")[2] for path in each) for each in paths
        )
        return objects, folders

    @property
    def _store(self) -> Any:
        return open_store(self.bucket)

    @property
    def _client(self) -> Any:
        _ = self._store  # which says what to install
        import obstore

        return obstore


def _facts(meta: Any) -> ObjectFacts:
    return ObjectFacts(meta["size"], meta["e_tag"], meta["last_modified"])
