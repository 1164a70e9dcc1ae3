"""The authors' image lists, queries and gallery of the retrieval benchmark, as JSON files."""
