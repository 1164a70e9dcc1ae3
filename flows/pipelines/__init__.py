"""Each verb as ordinary functions, in the order it happens. In: requests. Out: summaries, tables.

The only place that puts two stages next to each other. May import every stage; no Prefect.
"""
