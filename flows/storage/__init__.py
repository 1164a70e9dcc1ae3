"""Bytes: where they lie, how to read them, how to write them whole or not at all.

In: a string a person gave, names. Out: listings (schemas.source.MEMBERS), Documents, picture heads.
May import: schemas. Member names, sizes and bytes are the same for a folder and for its zips.
"""

from flows.storage.location import Location
from flows.storage.members import list_members, read_heads, read_member, read_members

__all__ = ["Location", "list_members", "read_heads", "read_member", "read_members"]
