"""Readers that resolve `current` once and ask, again and again, while releases are published.

Publication n gives two documents, which are in two parts, the pair_id n, and adds a document: a
reader that saw two releases at once would see two pair_ids, or a count that is not its statistic.
"""

import multiprocessing
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from command_line import wardrobe
from ingesting import ingested
from whole_ingests import PART, documents, require_whole, rewrite

from flows.lake import Lake
from flows.pipelines.tables import open_release
from flows.warehouse import open_warehouse

SEEN = """
select
    (select count(*) from images where dataset = 'deepfashion2') as images,
    (select sum(images) from split_totals) as counted,
    (
        select count(distinct pair_id) from images
        where split = 'train' and image_id in ({marked})
    ) as pair_ids,
    (select count(*) from landmarks anti join items using (dataset, split, image_id, item_no))
        as orphans
"""


class Reading(NamedTuple):
    """What one reader met: how often it read, how many releases, what was wrong."""

    reads: int
    releases: int
    troubles: list[str]


def _keep_reading(lake: Path, sql: str, over: Any, answers: Any, pause: float) -> None:
    reads, seen, troubles = 0, set(), []
    while not over.wait(pause):
        try:
            release = open_release(lake, None)
            with open_warehouse(release.tables(), threads=1) as warehouse:
                (row,) = warehouse.sql(sql).fetchall()
        except Exception as error:  # whatever a reader meets is a finding
            troubles.append(repr(error))
            continue
        images, counted, pair_ids, orphans = row
        if images != counted or pair_ids != 1 or orphans:
            troubles.append(f"{release.id}: {row}")
        reads += 1
        seen.add(release.id)
    answers.put(Reading(reads, len(seen), troubles[:5]))


def publish_under_readers(
    source: Path, lake: Path, *, publications: int, readers: int, pause: float = 0.0
) -> list[Reading]:
    """Publish so often under so many readers; what they met. Reads through the command too.

    `pause` is the seconds that a reader waits before each question.
    """
    marked = [documents(source)[0], documents(source)[-1]]
    numbers = [int(path.stem) for path in marked]
    assert numbers[0] // PART != numbers[1] // PART
    sql = SEEN.format(marked=", ".join(map(str, numbers)))
    _publish(source, lake, marked, 0)
    spawn = multiprocessing.get_context("spawn")
    over, answers = spawn.Event(), spawn.Queue()
    processes = [
        spawn.Process(target=_keep_reading, args=(lake, sql, over, answers, pause))
        for _ in range(readers)
    ]
    for process in processes:
        process.start()
    try:
        for number in range(1, publications + 1):
            _publish(source, lake, marked, number)
            if number % 10 == 1:
                # People's own SQL sees declared tables alone, so it is asked about those.
                done = wardrobe("sql", f"select count(*) from ({PEOPLES})", lake=lake)
                assert done.returncode == 0, done.stderr
    finally:
        over.set()
    met = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert len(Lake(lake).releases()) == publications + 1
    require_whole(Lake(lake), Lake(lake).release().manifest.content)
    return met


PEOPLES = "select * from landmarks join items using (dataset, split, image_id, item_no)"


def _publish(source: Path, lake: Path, marked: list[Path], number: int) -> None:
    for path in marked:
        rewrite(path, pair_id=10_000 + number)
    like = documents(source, "validation")[0]
    shutil.copyfile(like, like.with_stem(f"{3_000 + number:06d}"))
    summary = ingested("deepfashion2", source, lake)
    assert summary.sentence.startswith("published"), summary.sentence
