"""The feed: a published release as training samples, without an export.

In: the folder of a release (Parquet and manifest.json), places in an order. Out: samples, batches.
May import: schemas, flows.storage, flows.release, flows.pictures. Needs neither Prefect, Polars nor
torch; fork and spawn alike.
"""

from flows.feed.identities import IdentityBatches
from flows.feed.loader import Loader
from flows.feed.sampler import Sampler
from flows.feed.samples import Feed

__all__ = ["Feed", "IdentityBatches", "Loader", "Sampler"]
