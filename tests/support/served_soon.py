"""Serve an ingest every fifteen seconds: a cron line with a sixth field, for seconds.

python -m served_soon DATASET SOURCE LAKE
"""

import sys

from flows.ingest import ingest_flow
from flows.serve import serve_flow

if __name__ == "__main__":
    dataset, source, lake = sys.argv[1:]
    parameters = {"dataset": dataset, "source": source, "lake": lake, "workers": 1}
    serve_flow(ingest_flow, f"{dataset}-soon", parameters, "* * * * * */15")
