"""A Spark session, for runners of parts and for the SQL of a release. In: the URL of a master.

PySpark and Java start within `spark_session` only. May import `schemas` only.
"""

from flows.spark.session import DEFAULT_MASTER, missing_extra, spark_session

__all__ = ["DEFAULT_MASTER", "missing_extra", "spark_session"]
