"""Annotated pictures: items, outlines and landmarks drawn over an image, and contact sheets."""
