"""Validate: a nested batch in, the same without rejected items and their rejections out.

In comes schemas.annotation.ANNOTATION, out go the valid batch and rows of `rejections`.
May import `schemas` only.
"""

from flows.validate.items import validate_items

__all__ = ["validate_items"]
