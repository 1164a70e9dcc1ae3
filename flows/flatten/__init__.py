"""Flatten: a valid nested batch in, one record batch per table out.

In comes schemas.annotation.ANNOTATION, out go `images`, `items`, `landmarks`, `polygons` and, when
pictures are embedded, `pictures`, each in its declared schema. May import `schemas` only.
"""

from flows.flatten.rows import FLATTEN_VERSION, flatten

__all__ = ["FLATTEN_VERSION", "flatten"]
