"""Decode: bytes of a source in, nested batches and rejections out.

In come the members of one part (schemas.source), out goes decoder.Decoded; may import `schemas` only.
The only stage that knows a source's layout and codes.
"""
