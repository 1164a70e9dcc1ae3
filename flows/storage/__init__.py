"""Bytes of sources: locations in, listings and contents of members out; atomic file writes.

A path or address that a user gave becomes a Location, its listing (schemas.source.MEMBERS),
Documents and answers to the first bytes of pictures. Names, sizes and bytes of members
are the same for a folder, for its zips, and for both in an object store. May import `schemas`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.storage.listing import Listing
    from flows.storage.location import Location
    from flows.storage.members import list_members, read_heads, read_member, read_members

__all__ = ["Listing", "Location", "list_members", "read_heads", "read_member", "read_members"]


def __getattr__(name: str) -> Any:
    # Not at the top: releases need paths only, and members take Arrow's functions and AES.
    if name in __all__:
        module = {"Listing": "listing", "Location": "location"}.get(name, "members")
        return getattr(import_module(f"flows.storage.{module}"), name)
    raise AttributeError(f"module 'flows.storage' has no attribute {name!r}")
