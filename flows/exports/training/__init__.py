"""Training sets: Parquet shards with pictures and targets, and a data set card."""
