"""Serve an ingest every few seconds: `wardrobe serve` takes cron lines, whose grain is a minute.

python -m served_soon DATASET SOURCE LAKE
"""

import sys

from flows.ingest import ingest_flow
from flows.serve import serve_flow

if __name__ == "__main__":
    dataset, source, lake = sys.argv[1:]
    wanted = {"dataset": dataset, "source": source, "lake": lake, "workers": 1}
    serve_flow(ingest_flow, f"{dataset}-soon", wanted, interval=8)
