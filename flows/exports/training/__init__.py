"""Training sets: Parquet shards with the pictures inside, and the card that describes them.

`options` what to export, `features` the columns, `rows` one row per picture or item, `shards` the
plan and the files, `record` what the footers of the files say, `folder` what a folder holds and
how it is replaced, `card` README.md.
"""
