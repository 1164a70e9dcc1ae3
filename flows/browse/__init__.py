"""A local, read-only web page over one release. In: a BrowsedRelease. Out: HTML, pictures, keys.

May import what `flows.cli` may: schemas and pipelines. Starlette answers requests, Jinja renders.
Pages work without JavaScript, which adds keys of the keyboard and addresses that follow the layers.
"""

from flows.browse.application import create_application
from flows.browse.server import serve_release

__all__ = ["create_application", "serve_release"]
