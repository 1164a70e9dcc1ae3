"""The application. Files are Prefect flows, folders are stages; data passes through them in order.

    source - storage - decode - validate - flatten - lake === warehouse + sql - exports, feed

Stages never import one another; only `pipelines` combines them, and the flow modules put Prefect
around a pipeline. `tests/test_architecture.py` states which package may import which.
"""
