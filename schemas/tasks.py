"""The tasks of predictions."""

TASKS = ("detection", "landmarks", "segmentation", "retrieval", "classification")
"""The tasks that predictions can be scored for."""
