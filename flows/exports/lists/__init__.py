"""Lists of the authors: images to predict on, queries and gallery of the retrieval benchmark."""
