"""Files of one release as a read-only file system. Names and paths come in; bytes go out.

May import `schemas` and `flows.storage`. What reads Parquet may import this.
"""

from flows.release.file_system import PROTOCOL, ReleaseFiles

__all__ = ["PROTOCOL", "ReleaseFiles"]
