"""Flow `ingest`: names, retries, a password and artifacts around pipelines.ingest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import as_completed
from prefect.states import Failed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task, exponential_backoff

# Modules, not the functions in them: Prefect keeps the names of a flow alive beyond the last step
# of the interpreter, and DuckDB's binding would print eighty lines about leaks.
from flows.pipelines import failures, outcome, parts, progress
from flows.pipelines import ingest as pipeline
from flows.pipelines.request import IngestRequest, takes_fields_of
from flows.runners import spark_pool, worker_pool
from schemas.errors import InputError

TASKS_IN_FLIGHT = 8
"""Tasks that wait on the pool at a time; the pool's size decides how many really run."""

MOST_TASKS = 300
"""Tasks of a run; where it has more parts, each task builds a group of them."""

PART_TIMEOUT_SECONDS = 3600
"""A part of 4,096 images takes seconds; an hour means a disk or network that hangs."""

RUN_TIMEOUT_SECONDS = 24 * 3600
"""A run that hangs must not block all later runs of its schedule."""

FIRST_DELAY_SECONDS = 5
"""Before the first retry; the second waits twice as long, the third four times."""

PASSWORD_VARIABLE = "WARDROBE_ZIP_PASSWORD"
PASSWORD_BLOCK = "wardrobe-zip-password"


def worth_retrying(task: Task, run: TaskRun, state: State) -> bool:
    """Retry I/O errors only (timeouts are OSErrors): a retry cannot repair an annotation."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def prefect_runner(
    pool: Executor,
    *,
    first_delay: float = FIRST_DELAY_SECONDS,
    timeout: float = PART_TIMEOUT_SECONDS,
) -> parts.RunParts:
    """Run each part, or group of parts, as a Prefect task that hands its parts to the pool.

    It does so on a thread, one part after another. A task takes the names of the first and last
    part and returns the receipts; the jobs stay in this process, because Prefect walks every
    argument of a task looking for futures. A retry builds only the parts that are not built yet.
    """

    def run(
        build: Callable[[parts.PartJob], parts.Receipt], jobs: Sequence[parts.PartJob]
    ) -> Iterator[parts.Receipt]:
        size = -(-len(jobs) // MOST_TASKS) or 1
        groups = [jobs[start : start + size] for start in range(0, len(jobs), size)]
        by_name = {task_name(group): group for group in groups}
        built: dict[str, parts.Receipt] = {}

        def build_one(job: parts.PartJob) -> parts.Receipt:
            part = job.part.name
            future = pool.submit(build, job)
            try:
                return future.result(timeout=timeout)
            except TimeoutError:
                if future.done():
                    raise  # raised by the build: a network that gave up
                future.cancel()
                raise TimeoutError(
                    f"part {part} was not built within {timeout:,.0f} seconds: "
                    "a disk or network hangs, or a process does"
                ) from None

        @task(
            name="build-part",
            task_run_name="part-{part}",
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=first_delay),
            retry_condition_fn=worth_retrying,
        )
        def build_part_task(part: str) -> list[parts.Receipt]:
            for job in by_name[part]:
                if job.part.name not in built:
                    built[job.part.name] = build_one(job)
            return [built.pop(job.part.name) for job in by_name[part]]

        futures = [build_part_task.submit(part) for part in by_name]
        for future in as_completed(futures):
            yield from future.result()

    return run


def task_name(group: Sequence[parts.PartJob]) -> str:
    """The part of a task, or the first and the last part of a group."""
    first, last = group[0].part.name, group[-1].part.name
    return first if len(group) == 1 else f"{first}-to-{last}"


@contextmanager
def password_from_block(request: IngestRequest) -> Iterator[None]:
    """Pass the password of the Secret block, if it exists, to the processes of this run.

    A password in $WARDROBE_ZIP_PASSWORD takes precedence. Worker processes inherit the environment
    when they start, which is later; no parameter and no log line contains the password.
    """
    kind = ""
    with suppress(InputError):  # a source that does not exist: the pipeline raises it again
        kind = request.location.kind
    if kind != "zips" or os.environ.get(PASSWORD_VARIABLE):
        yield
        return
    try:
        block = Secret.load(PASSWORD_BLOCK)
    except ValueError:  # the block does not exist: only an encrypted archive needs it
        yield
        return
    os.environ[PASSWORD_VARIABLE] = str(block.get())  # type: ignore[union-attr]
    try:
        yield
    finally:
        del os.environ[PASSWORD_VARIABLE]


@flow(
    name="ingest",
    flow_run_name="ingest-{dataset}",
    timeout_seconds=RUN_TIMEOUT_SECONDS,
    task_runner=ThreadPoolTaskRunner(max_workers=TASKS_IN_FLIGHT),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=False,  # IngestRequest does, in sentences for people
)
@failures.refusals_as(Failed)
@takes_fields_of(IngestRequest)
def ingest_flow(
    request: IngestRequest, workers: int = 2, master: str | None = None
) -> outcome.Summary:
    """Read a source and publish a release; the parameters are the fields of IngestRequest.

    With the URL of a Spark `master`, its executors build the parts, `workers` at a time.

    The password of zip archives comes from $WARDROBE_ZIP_PASSWORD or the Secret block
    `wardrobe-zip-password`, never from a parameter. The run fails with a sentence that says what
    to do when the source cannot be read or publication is blocked.
    """
    log = get_run_logger()
    password = password_from_block(request)
    # A log line for each part, and one for each later stage.
    on_progress = progress.log_progress(log, each={"files"})
    try:
        with password, spark_pool(master, workers) if master else worker_pool(workers) as pool:
            summary = pipeline.ingest(request, prefect_runner(pool), on_progress)
    except outcome.PublicationBlocked as blocked:
        create_markdown_artifact(key="ingest-summary", markdown=blocked.as_markdown())
        raise
    log.info("%s", summary.sentence)
    create_markdown_artifact(key="ingest-summary", markdown=summary.as_markdown())
    create_table_artifact(key="split-totals", table=summary.totals.to_pylist())
    if summary.verdicts is not None:
        create_table_artifact(key="checks", table=summary.verdicts.to_pylist())
    return summary
