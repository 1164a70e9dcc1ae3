"""The commands as ordinary functions, in the order of their steps. In: requests. Out: summaries.

The only package that combines stages. May import every stage; no Prefect.
"""
