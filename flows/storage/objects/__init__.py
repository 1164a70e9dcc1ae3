"""Objects of a store that speaks the S3 protocol: `s3://bucket/key` in; bytes, listings, etags out.

A thin client over obstore (extra `[s3]`), which is imported where a store is first opened. May
import `schemas`.
"""

from flows.storage.objects.path import ObjectPath, is_address
from flows.storage.objects.store import StoreError

__all__ = ["ObjectPath", "StoreError", "is_address"]
