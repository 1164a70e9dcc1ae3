"""Members below a prefix of an object store: listed, and read with many requests at a time."""

import errno
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from flows.storage.member import OBJECT_STAMP, Member, MemberError, Probe, T, require_listed
from flows.storage.objects import ObjectPath, StoreError
from schemas.source import MEMBERS, Document

ROWS = 65_536
"""Members of a table of a listing."""

REQUESTS = 32
"""Requests of a reader that wait for their answers together."""

AHEAD = 2 * REQUESTS
"""Members that are read before the first of them is taken."""

AHEAD_BYTES = 32 << 20
"""Their bytes together, unless a single one has more."""


def list_prefix(root: ObjectPath, *, skip: frozenset[str] = frozenset()) -> Iterator[pa.Table]:
    """Every object below `root` as MEMBERS, sorted by name in each table; not the names in `skip`.

    The stamp is `etag:...`. Empty objects without a suffix are markers of folders, which consoles
    write, and are left out. Raises StoreError when the prefix cannot be listed.
    """
    for objects in root.listed(ROWS):
        is_marker = pc.and_(
            pc.equal(objects["size"], 0),
            pc.invert(pc.match_substring_regex(objects["name"], r"\.[^/]*$")),
        )
        skipped = pc.or_(is_marker, pc.is_in(objects["name"], pa.array(list(skip), pa.string())))
        chosen = objects.filter(pc.invert(skipped))
        stamps = [object_stamp(root, etag) for etag in chosen["etag"].to_pylist()]
        columns = [chosen["name"].cast(pa.large_string()), chosen["size"], pa.array(stamps)]
        yield pa.table(columns, names=MEMBERS.names).cast(MEMBERS).sort_by("name")


def object_stamp(path: ObjectPath, etag: str | None) -> str:
    """The stamp of an object. StoreError where the store has no etags: changes would not show."""
    if etag is None:
        raise StoreError(f"the store of {path} gives no etags, which show that objects changed.")
    return OBJECT_STAMP + etag.strip('"')


class PrefixReader:
    """Reads members below `root`, many at a time."""

    def __init__(self, root: ObjectPath) -> None:
        self._root = root
        self._probing = Lock()

    def read_each(
        self, members: Iterable[Member], probe: Probe[T], heads: Sequence[int] = ()
    ) -> Iterator[T | Document]:
        """The answers of `probe` to the first bytes, as many as it needs, in the members' order.

        A member that differs from its listing, or whose answer breaks off, is read a second time
        and then comes with its reason. One thread at a time calls `probe`. Raises StoreError when
        the store fails or denies access, FileNotFoundError when the folder of a member is empty.
        """
        waiting: deque[tuple[Future[T | Document], int]] = deque()
        ahead = 0
        pool = ThreadPoolExecutor(REQUESTS)
        try:
            for member in members:
                size = min([member.size, *heads[-1:]])
                while waiting and (len(waiting) == AHEAD or ahead + size > AHEAD_BYTES):
                    answer, taken = waiting.popleft()
                    ahead -= taken
                    yield answer.result()
                waiting.append((pool.submit(self._read, member, probe, heads), size))
                ahead += size
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, member: Member, probe: Probe[T], heads: Sequence[int]) -> T | Document:
        for _ in range(2):
            try:
                return self._read_once(member, probe, heads)
            except MemberError as error:
                failure = error.with_traceback(None)  # its frames keep the connection open
        return Document(member.name, None, failure.rule, str(failure))

    def _read_once(self, member: Member, probe: Probe[T], heads: Sequence[int]) -> T:
        require_listed(member, member.size, member.stamp)  # without a request, if it is too large
        path, head, etag = self._root / member.name, b"", None
        for limit in (*heads, member.size):
            end = limit if limit < member.size else None
            try:
                facts, read = path.open_range(len(head), end)
            except FileNotFoundError:
                raise self._missing(path) from None
            require_listed(member, facts.size, object_stamp(path, facts.etag))
            if etag not in (None, facts.etag):
                raise MemberError("changed_while_read", "it was written to while it was read")
            etag = facts.etag
            with suppress(StoreError):
                head += read()
            if len(head) != (facts.size if end is None else end):
                raise MemberError("unreadable", "the answer of the store breaks off")
            with self._probing:
                answer = probe(head, end is None)
            if answer is not None:
                return answer
        raise AssertionError(f"the probe gave no answer to the whole of {member.name}")

    def _missing(self, path: ObjectPath) -> MemberError:
        """The reason for a missing object; raises FileNotFoundError when its folder is empty.

        A prefix that was moved away must not become rejections.
        """
        if path.parent.is_empty():
            raise FileNotFoundError(
                errno.ENOENT, "no object is below it any more", str(path.parent)
            )
        return MemberError("changed_while_read", "it was listed, but does not exist any more")
