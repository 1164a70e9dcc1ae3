"""Validate: a nested batch in, the same without refused items and their rejections out.

In comes schemas.annotation.ANNOTATION, out go the sifted batch and rows of `rejections`.
May import `schemas` only.
"""

from flows.validate.sift import sift

__all__ = ["sift"]
