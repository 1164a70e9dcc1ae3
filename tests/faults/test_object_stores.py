"""Lakes on object storage: many races, an end after every write, kills; figures with `-s`.

WARDROBE_RACES and WARDROBE_KILLS say how many; WARDROBE_SEED chooses other faults.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

from ingesting import file_hashes, ingested
from lake_runs import fill, numbers, publish, source
from object_lakes import FIRST, ROOT, SECOND, assert_whole
from object_stores import environment, retry_often, stub_store, use_store

from flows.lake import LakeBusy, ObjectLake, open_lake
from flows.lake import object_runs as runs
from flows.pipelines.sample import write_sample
from flows.storage.objects import StoreError

RACES = int(os.environ.get("WARDROBE_RACES", "100"))
KILLS = int(os.environ.get("WARDROBE_KILLS", "100")) // 5
SEED = int(os.environ.get("WARDROBE_SEED", "0"))
WRITERS = 4


def test_each_race_has_one_winner_and_loses_nothing(monkeypatch):
    """Writers that begin on the same release and do not see each other's marks."""
    monkeypatch.setattr(runs, "repeat_while_written", lambda *_, **__: [])
    lake, ends, last = ObjectLake(ROOT), Counter(), None
    with stub_store(seed=SEED) as store:
        use_store(monkeypatch, store.url)
        retry_often(monkeypatch, 100)
        last = publish(lake, source(numbers(1, 12)))
        releases = [last]
        for race in range(RACES):
            store.lost, store.busy = 0.3, 0.2
            started = Barrier(WRITERS)

            def run(writer: int, race: int = race, started: Barrier = started) -> object:
                stamp = "x" * (2 + writer + WRITERS * race)
                try:
                    with lake.writing() as staging:
                        started.wait()
                        fill(staging, source(numbers(1, 12) | {1: stamp}))
                        return staging.publish(parameters={})
                except LakeBusy:
                    return None

            with ThreadPoolExecutor(WRITERS) as pool:
                winners = [each for each in pool.map(run, range(WRITERS)) if each]
            store.lost = store.busy = 0.0
            ends[len(winners)] += 1
            (winner,) = winners
            assert lake.release().id == winner.id and winner.manifest.parent == last.id
            last = winner
            releases.insert(0, winner)
        requests = sum(store.requests.values())
        assert_whole(lake, *releases)
    print(f"\n{RACES} races of {WRITERS} writers, winners: {dict(ends)}, {requests:,} requests")


def test_a_run_may_end_after_every_write(stub, monkeypatch):
    retry_often(monkeypatch, 0)
    monkeypatch.setattr(runs.Holder, "was_killed", True)
    lake = ObjectLake(ROOT)
    first = publish(lake, FIRST)
    clean = dict(stub.objects)
    stub.reset()
    second = publish(lake, SECOND)
    writes = sum(stub.requests[method] for method in ("PUT", "COPY", "POST"))
    for write in range(writes):
        stub.objects, stub.end_after = dict(clean), write
        with suppress(StoreError):
            publish(lake, SECOND)
        stub.end_after = None
        assert lake.verify() == []
        again = publish(lake, SECOND)
        assert again.manifest.content == second.manifest.content
        assert_whole(lake, again, first)
    print(f"\nended after each of {writes} writes")


def test_killed_ingests_are_finished_by_the_next(tmp_path, monkeypatch):
    """SIGKILL at random instants of `wardrobe ingest`, on a lake with a release to lose."""
    draws, stages = random.Random(SEED), Counter()
    write_sample("fashionai", tmp_path / "before", 20, 1)
    write_sample("fashionai", tmp_path / "after", 40, 2)
    ingested("fashionai", tmp_path / "after", tmp_path / "lake")
    expected = file_hashes(tmp_path / "lake")
    with stub_store() as store:
        use_store(monkeypatch, store.url)
        lake = open_lake(ROOT)
        first = ingested("fashionai", tmp_path / "before", ROOT).release
        clean = dict(store.objects)
        command = [sys.executable, "-m", "flows", "ingest", "fashionai", tmp_path / "after"]
        command += ["--lake", str(ROOT), "--prune"]
        variables = {**os.environ, **environment(store.url)}
        store.delay = 0.02
        for _ in range(KILLS):
            store.objects = dict(clean)
            store.reset()
            run = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE)
            while not store.requests["PUT"] and run.poll() is None:
                time.sleep(0.01)
            with suppress(subprocess.TimeoutExpired):
                run.wait(draws.uniform(0, 8))
            run.send_signal(signal.SIGKILL)
            run.communicate()
            pointer = lake.release().id
            stages["published" if pointer != first else f"{bool(lake.writer())} mark"] += 1
            assert lake.verify() == []
            ingested("fashionai", tmp_path / "after", ROOT, prune=True)
            assert file_hashes(ROOT) == expected
            assert not (ROOT / "runs").objects().num_rows
            assert len((ROOT / "releases").folders()) == len(lake.releases()) == 2
    print(f"\n{KILLS} kills, seed {SEED}: {dict(stages)}")
