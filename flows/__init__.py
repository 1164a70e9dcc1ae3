"""The verbs. Files are flows, folders are stages; data passes once, forward.

    source - storage - decode - validate - flatten - lake === warehouse + sql - exports, feed

Stages never import one another; only `pipelines` puts two of them next to each other, and the
flow modules put Prefect around a pipeline. `tests/test_architecture.py` holds who may import whom.
"""
