"""A Spark session with the settings of this project, from the URL of a master.

Spark reads its own configuration files too (SPARK_CONF_DIR): settings of a cluster belong there.
"""

import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import EngineError, InputError, MissingExtra

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEFAULT_MASTER = "local[*]"
"""Spark in one process of this machine, with all of its cores."""

_LOG = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n
"""

_SETTINGS = {
    "spark.app.name": "wardrobe",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # Values in the names of folders are text, as DuckDB reads them.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}

_ON_THIS_MACHINE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


@contextmanager
def spark_session(
    master: str = DEFAULT_MASTER, settings: Mapping[str, str] | None = None
) -> Iterator["SparkSession"]:
    """A session on this master (`local[2]`, `spark://host:7077`, `yarn`); it ends with the body.

    `settings` are of Spark and come after those of the project. Executors run the Python of this
    environment. MissingExtra without PySpark, InputError without Java, EngineError when Spark does
    not start.
    """
    # Spark makes its own handler of Ctrl-C, in the main thread.
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    with tempfile.TemporaryDirectory(prefix="wardrobe-spark-") as folder:
        session = _start(master, Path(folder), dict(settings or {}))
        try:
            yield session
        finally:
            session.stop()
            if in_main_thread:
                signal.signal(signal.SIGINT, handler)


def _start(master: str, folder: Path, settings: dict[str, str]) -> "SparkSession":
    # PySpark warns about pandas 3 at each use; wardrobe hands it Arrow, never a pandas frame.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        import pandas  # noqa: F401 - PySpark needs it for Arrow
        from py4j.protocol import Py4JError
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
        from pyspark.java_gateway import launch_gateway
        from pyspark.logger import PySparkLogger
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise missing_extra(error) from None
    _require_java()
    # It prints each error as JSON, with its stack, before it raises it.
    PySparkLogger.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    # Java takes the Python of its workers from here, else the first `python3` of PATH.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    log, log_settings = folder / "stderr.txt", folder / "log4j2.properties"
    log_settings.write_text(_LOG)
    conf = SparkConf()
    local = master.startswith(("local", "spark://127.0.0.1", "spark://localhost"))
    folders = {
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # Java's second compiler costs more than it saves where plans run once.
        "spark.driver.defaultJavaOptions": (
            f"-Dlog4j2.configurationFile={log_settings} -XX:TieredStopAtLevel=1"
        ),
    }
    own = {"spark.master": master} | _SETTINGS | folders | (_ON_THIS_MACHINE if local else {})
    conf.setAll([*(own | settings).items()])
    try:
        if SparkContext._gateway is None:  # one Java process serves all sessions of this process
            with log.open("w") as stderr:
                SparkContext._gateway = launch_gateway(conf, {"stderr": stderr})
                SparkContext._jvm = SparkContext._gateway.jvm
        return SparkSession.builder.config(conf=conf).getOrCreate()
    except (PySparkException, Py4JError) as error:
        # Without a log, Java was started by an earlier session of this process.
        text = log.read_text(errors="replace") if log.exists() else ""
        lines = [line.strip() for line in text.splitlines()]
        # First Java's exceptions, then the errors of the log; Java also prints warnings.
        reasons = [line for line in lines if "Exception" in line or "Error" in line]
        reasons = reasons or [line for line in lines if line.startswith("ERROR ")] or lines
        reason = reasons[0] if reasons else str(error).splitlines()[0]
        raise EngineError(f"Spark did not start on {master}: {reason}") from None


def missing_extra(error: ImportError) -> MissingExtra:
    """The error for people when a package of the extra is missing."""
    return MissingExtra(
        f"Spark needs {error.name}, which is not installed: run `pip install '.[spark]'` in the "
        "source folder of wardrobe."
    )


def _require_java() -> None:
    """Raise InputError where Spark's scripts find no Java: in JAVA_HOME, else in PATH."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(Path(home, "bin", "java") if home else "java")
    if java is None:
        where = f"JAVA_HOME ({home})" if home else "PATH"
        raise InputError(
            f"Spark needs Java 17 or newer, and {where} has none: install openjdk-17-jre-headless, "
            "or set JAVA_HOME to a Java."
        )
