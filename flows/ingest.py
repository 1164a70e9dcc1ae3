"""Flow: a source in, a release out. Thin: names, retries and artifacts around pipelines.ingest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task, exponential_backoff

# Modules, not the functions in them: Prefect keeps the names of a flow alive beyond the last step
# of the interpreter, and DuckDB's binding would print eighty lines on what it takes for leaks.
from flows.pipelines import ingest as pipeline
from flows.pipelines import outcome, parts, progress
from flows.pipelines import request as requests
from flows.runners import worker_pool

TASKS_IN_FLIGHT = 8
"""Part tasks that wait on the pool at a time; the pool's size decides how many really run."""

PART_TIMEOUT_SECONDS = 3600
"""A part of 4,096 images takes seconds; an hour means a disk or network that hangs."""

RUN_TIMEOUT_SECONDS = 24 * 3600
"""A run that hangs must not keep every later one of its schedule away."""

FIRST_DELAY_SECONDS = 5
"""Before the first retry; the second waits twice as long, the third four times."""

PASSWORD_VARIABLE = "WARDROBE_ZIP_PASSWORD"
PASSWORD_BLOCK = "wardrobe-zip-password"


def worth_retrying(task: Task, run: TaskRun, state: State) -> bool:
    """A disk or a network may heal (timeouts are OSErrors too); a bad annotation will not."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def under_prefect(
    pool: Executor,
    *,
    first_delay: float = FIRST_DELAY_SECONDS,
    timeout: float = PART_TIMEOUT_SECONDS,
) -> parts.RunParts:
    """Parts as Prefect tasks on threads, each handing its part to the pool.

    Tasks take a part's name and return its receipt: what they need beside it stays here, because
    Prefect walks every argument of a task looking for futures.
    """

    def run(
        build: Callable[[parts.PartJob], parts.Receipt], jobs: Sequence[parts.PartJob]
    ) -> Iterator[parts.Receipt]:
        by_name = {job.part.name: job for job in jobs}

        @task(
            name="build-part",
            task_run_name="part-{part}",
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=first_delay),
            retry_condition_fn=worth_retrying,
        )
        def build_part_task(part: str) -> parts.Receipt:
            building = pool.submit(build, by_name[part])
            try:
                return building.result(timeout=timeout)
            except TimeoutError:
                if building.done():
                    raise  # the build's own: a network that gave up
                building.cancel()
                raise TimeoutError(
                    f"part {part} was not built within {timeout:,.0f} seconds: "
                    "a disk or network hangs, or a process does"
                ) from None

        futures = [build_part_task.submit(part) for part in by_name]
        for future in as_completed(futures):
            yield future.result()

    return run


@contextmanager
def password_from_block(kind: str) -> Iterator[None]:
    """Hand the password of the Secret block to the processes of this run, if there is one.

    $WARDROBE_ZIP_PASSWORD, where it is set, goes before. Processes inherit their environment when
    they start, which is after this; no parameter and no log line ever holds it.
    """
    if kind != "zips" or os.environ.get(PASSWORD_VARIABLE):
        yield
        return
    try:
        block = Secret.load(PASSWORD_BLOCK)
    except ValueError:  # there is none: only an encrypted archive will ask for it
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
    # Checked by pipelines.request, in words a person can use.
    validate_parameters=False,
)
def ingest_flow(
    dataset: str,
    source: str,
    lake: str = "lake",
    splits: list[str] | None = None,
    side_files: list[str] | None = None,
    allow_shrink: list[str] | None = None,
    allow_refused: list[str] | None = None,
    strict: bool = False,
    verify_images: bool | None = None,
    embed_images: bool | None = None,
    prune: bool = False,
    resume: bool = False,
    wait: bool = False,
    workers: int = 2,
) -> outcome.Summary:
    """Read a source and publish a release; parameters are what a person can type.

    A zip password comes from $WARDROBE_ZIP_PASSWORD or the Secret block `wardrobe-zip-password`,
    never as a parameter. Fails with a sentence that says what to do when the source is none, or
    when something speaks against publishing.
    """
    log = get_run_logger()

    # A line for each part, and one for what follows.
    on_progress = progress.log_progress(log, each={"files"})
    wanted = requests.request(
        dataset=dataset,
        source=source,
        lake=lake,
        splits=splits or (),
        side_files=side_files or (),
        allow_shrink=allow_shrink or (),
        allow_refused=allow_refused or (),
        strict=strict,
        verify_images=verify_images,
        embed_images=embed_images,
        prune=prune,
        resume=resume,
        wait=wait,
    )
    password = password_from_block(wanted.source.kind)
    with outcome.failures_in_words(), password, worker_pool(workers) as pool:
        summary = pipeline.ingest(wanted, under_prefect(pool), on_progress)
    log.info("%s", summary.sentence)
    publish_artifacts(summary)
    if summary.blocked:
        raise outcome.NothingPublished(summary)
    return summary


def publish_artifacts(summary: outcome.Summary) -> None:
    """The run in words, its totals and the verdicts of its checks, for the Prefect UI."""
    create_markdown_artifact(key="ingest-summary", markdown=summary.as_markdown())
    if summary.totals is not None:
        create_table_artifact(key="split-totals", table=summary.totals.to_pylist())
    if summary.verdicts is not None:
        create_table_artifact(key="checks", table=summary.verdicts.to_pylist())
