"""A release on Spark: views over its files in; rows of the statements of sql/ out.

sqlglot rewrites a statement for Spark. Values are arguments of Spark, never part of its text.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flows.release.manifest import STATISTICS
from flows.spark import missing_extra, spark_session
from flows.storage.objects import ObjectPath
from flows.storage.place import Place
from flows.warehouse.release_names import Files
from flows.warehouse.sources import sources
from schemas import TABLES, Table
from schemas.errors import EngineError, InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PARTITION_BYTES = 32 << 20
"""Bytes of Parquet for each partition of a shuffle; a small release needs a single one."""


class SparkWarehouse:
    """The views of one release in a Spark session."""

    def __init__(self, session: "SparkSession", by_part: bool = False) -> None:
        self._session = session
        self._by_part = by_part

    def select(self, text: str, values: Mapping[str, Any] | None = None) -> pa.RecordBatchReader:
        """The rows of a portable SELECT; one partition at a time is in the memory of Python."""
        with _spark_errors():
            frame = self._session.sql(spark_statement(text), args=dict(values or {}))
            schema = _nullable_schema(frame)
        return pa.RecordBatchReader.from_batches(schema, _batches(frame, schema))

    def open(self, files: Files, only: Collection[str] | None) -> None:
        """Make the views of `only` and what they read, or all; see `open_warehouse`."""
        self._plan_for(files)
        for name, source in sources(only):
            stored = files.get(STATISTICS + name)
            self._make_view(name, source, stored or files.get(name, ()), is_stored=bool(stored))

    def renew(self, files: Files, names: Collection[str]) -> None:
        """Read these tables and `statistics/<name>` from now on from their files of `files`."""
        self._plan_for(files)
        for name in names:
            view = name.removeprefix(STATISTICS)
            self._make_view(view, TABLES.get(name, ""), files.get(name, ()), is_stored=True)

    def _plan_for(self, files: Files) -> None:
        size = sum(_local(place).stat().st_size for places in files.values() for place in places)
        partitions = 1 + size // _PARTITION_BYTES
        self._session.conf.set("spark.sql.shuffle.partitions", str(partitions))
        # It plans each stage again, to join and split partitions.
        self._session.conf.set("spark.sql.adaptive.enabled", str(partitions > 1).lower())

    def _make_view(
        self, name: str, source: Table | str, files: Sequence[Place], *, is_stored: bool
    ) -> None:
        with _spark_errors():
            if isinstance(source, Table):
                frame = _table(self._session, source, files, self._by_part)
            elif is_stored:
                frame = self._session.read.parquet(*map(_spark_path, files))
            else:
                frame = self._session.sql(spark_statement(source))
            frame.createOrReplaceTempView(name)


@contextmanager
def spark_engine(master: str, settings: Mapping[str, str] | None = None) -> Iterator[Any]:
    """An engine on this master: see `spark_session`. Spark starts when the first release opens."""
    with ExitStack() as stack:

        @cache
        def session() -> "SparkSession":
            return stack.enter_context(spark_session(master, settings))

        @contextmanager
        def open_on_spark(
            files: Files,
            *,
            only: Collection[str] | None = None,
            memory_limit: str | None = None,  # Spark has other settings and folders
            temp_directory: Path | None = None,
            by_part: bool = False,
        ) -> Iterator[SparkWarehouse]:
            warehouse = SparkWarehouse(session().newSession(), by_part)
            warehouse.open(files, only)
            yield warehouse

        yield open_on_spark


def _table(
    session: "SparkSession", table: Table, files: Sequence[Place], by_part: bool
) -> "DataFrame":
    """The rows of a declared table, with the declared columns in the declared order."""
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(table.schema)
    if not files:
        return session.createDataFrame([], schema)
    reader = session.read.schema(schema)
    if table.partition_by:
        folder = _local(files[0]).parents[len(table.partition_by)]
        reader = reader.option("basePath", folder.as_posix())
    rows = reader.parquet(*map(_spark_path, files))
    if by_part and table.partition_by:
        from pyspark.sql import functions

        name = functions.col("_metadata.file_name")
        number = functions.regexp_extract(name, r"-(\d+)\.", 1).cast("int").cast("string")
        rows = rows.withColumn("split", functions.concat_ws(".", "split", number))
    return rows.select(*table.schema.names)


def _spark_path(place: Place) -> str:
    """A file of this machine; Spark would read some characters as a pattern."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", _local(place).absolute().as_posix())


def _local(place: Place) -> Path:
    if isinstance(place, ObjectPath):
        raise InputError(f"SQL on Spark reads lakes in folders only, and {place} is in a store.")
    return place


@cache
def spark_statement(text: str) -> str:
    """The same statement for Spark, with `:name` for `$name`."""
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise missing_extra(error) from None

    tree = sqlglot.parse_one(text, read="duckdb")
    for parameter in [*tree.find_all(exp.Parameter)]:
        parameter.replace(exp.Placeholder(this=parameter.name))
    return tree.sql("spark", comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _batches(frame: "DataFrame", schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    def as_messages(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            message = pa.BufferOutputStream()
            with pa.ipc.new_stream(message, batch.schema) as stream:
                stream.write_batch(batch)
            yield pa.record_batch({"message": [message.getvalue().to_pybytes()]})

    with _spark_errors():
        # mapInArrow finds columns by their names, which a statement may leave out or repeat.
        numbered = frame.toDF(*map(str, range(len(schema))))
        # An iterator over rows pickles each of them; rows of whole batches keep their order too.
        for row in numbered.mapInArrow(as_messages, "message binary").toLocalIterator():
            table = pa.ipc.open_stream(row.message).read_all()
            yield from table.rename_columns(schema.names).cast(schema).to_batches()


def _nullable_schema(frame: "DataFrame") -> pa.Schema:
    """The columns as DuckDB has them, all nullable; Spark infers nullability from the statement."""
    from pyspark.sql.pandas.types import to_arrow_schema

    fields = to_arrow_schema(frame.schema)
    return pa.schema([pa.field(field.name, _nullable_type(field.type)) for field in fields])


def _nullable_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_list(type_):
        return pa.list_(_nullable_type(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, _nullable_type(field.type)) for field in type_])
    return type_


@contextmanager
def _spark_errors() -> Iterator[None]:
    """Raise errors of Spark as one sentence: InputError for a statement or its values."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except (AnalysisException, ParseException) as error:
        raise InputError(_sentence(error)) from None
    except (PySparkException, Py4JError, pa.ArrowException, OSError) as error:
        raise EngineError(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    """The condition that Spark names (`[FAILED_READ_FILE] Encountered ...`), without the stack."""
    text = str(error).strip()
    condition = re.search(r"\[[A-Z_.]{3,}\] .*", text)
    return condition[0] if condition else text.partition("\n")[0]
