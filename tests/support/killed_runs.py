"""Kill what writes a lake before one of its steps, and look at what is left each time.

    python killed_runs.py FOLDER every [STRIDE]         # a publication, before each of its steps
    python killed_runs.py FOLDER random KILLS [SEED]    # publish, rollback, resume and keep

A step is a change of the file system: Python announces each (an audit event) before it happens.
After every kill the current release must be whole, the one before or the one to come; no release
may be lost that was not to be deleted; files of others in the lake's folders stay. The same run
again must end as one that nobody disturbed, with nothing left over.
"""

import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from lake_runs import fill, numbers, source

from flows.lake import Lake
from schemas.errors import InputError

STEPS = {
    "open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate",
}  # fmt: skip
STATES = [
    source(numbers(1, 15)),
    pa.concat_tables([source(numbers(1, 12) | {3: "wider"}), source({1: "a"}, "test")]),
]
OWN = {"current", "lake.json", "lock", "releases", "seen.json", "staging", "pinned"}
FOREIGN = ("notes/plan.txt", "staging/notes/plan.txt", "releases/notes/plan.txt")
MOST_RELEASES = 5


class Run(NamedTuple):
    """What writes the lake: `do` it; whether it is done by `current`; what it has to keep."""

    name: str
    do: Callable[[], object]
    current: Callable[[], bool]
    kept: set[str]


def publish(root: Path, state: int) -> None:
    """A whole run over one of the two states of the source; it ends a rollback."""
    with Lake(root).writing(resume=True) as staging:
        fill(staging, STATES[state], prune=True)
        staging.publish(inputs={"deepfashion2": {"location": "/source"}}, parameters={})


def die_before(root: Path, countdown: int, run: Callable[[], object]) -> bool:
    """Run in a child that is killed before a step; whether it died before it was done."""
    child = os.fork()
    if child == 0:

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal countdown
            # Whole trees are removed by names relative to an open folder.
            if event in STEPS and (
                str(arguments[0]).startswith(str(root))
                or event in ("os.remove", "os.rmdir", "os.truncate")
            ):
                countdown -= 1
                if countdown == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"the child ended with status {status}")
    return status != 0


def require(condition: object, what: str) -> None:
    """Leave with what was wrong."""
    if not condition:
        raise SystemExit(what)


def kill_and_look(root: Path, run: Run, step: int, contents: set[str]) -> bool:
    """Kill the run before a step, look, and run it again; whether it died of it."""
    lake, where = Lake(root), f"{run.name} killed before step {step}: {root}"
    before = lake.release().id
    died = die_before(root, step, run.do)
    require(lake.release().id == before or run.current(), f"{where}: current is another release")
    require(run.kept <= {release.id for release in lake.releases()}, f"{where}: releases are lost")
    for release in lake.releases():
        require(not lake.verify(release.id), f"{where}: {release.id} is damaged")
        require(release.manifest.content in contents, f"{where}: {release.id} is of no state")
    try:
        run.do()
    except InputError as error:
        require("is the current release already" in str(error), f"{where}: {error}")
    require(run.current(), f"{where}: the next run ended with {lake.release().id}")
    require(not lake.verify(), f"{where}: the next run left a damaged release")
    names = {path.name for path in root.iterdir()} - OWN
    require(names <= {"notes"}, f"{where}: left over: {names}")
    require({path.name for path in (root / "staging").iterdir()} <= {"notes"}, f"{where}: staging")
    return died


def contents_of(folder: Path) -> list[str]:
    """The content hashes of the two states."""
    contents = []
    for state in range(len(STATES)):
        publish(folder / f"state-{state}", state)
        contents.append(Lake(folder / f"state-{state}").release().manifest.content)
    return contents


def publication(root: Path, state: int, contents: list[str]) -> Run:
    """A run that publishes one state."""
    lake = Lake(root)
    return Run(
        "publish",
        lambda: publish(root, state),
        lambda: lake.release().manifest.content == contents[state],
        {release.id for release in lake.releases()},
    )


def kill_every_step(folder: Path, stride: int) -> None:
    """A publication killed before each of its steps, every time in a lake of the first state."""
    contents, step, died = contents_of(folder), 1, True
    while died:
        root = folder / f"killed-{step}"
        shutil.copytree(folder / "state-0", root, symlinks=True)
        died = kill_and_look(root, publication(root, 1, contents), step, set(contents))
        require(len(Lake(root).releases()) == 2, f"{root} has not two releases")
        shutil.rmtree(root)
        step += stride
    print(f"{step - stride} steps")


def any_run(root: Path, chance: random.Random, contents: list[str]) -> Run:
    """One of the four runs that is possible in the lake as it is."""
    lake = Lake(root)
    releases = [release.id for release in lake.releases()]
    current = lake.release().id
    others = [name for name in releases if name != current]
    kind = chance.choice(["publish", "publish", "rollback", "resume", "keep"])
    if len(releases) > MOST_RELEASES:
        kind = "keep"
    if kind == "rollback" and others:
        target = chance.choice(others)
        return Run(
            kind, lambda: lake.rollback(target), lambda: lake.release().id == target, {*releases}
        )
    if kind == "resume" and lake.pin:
        return Run(kind, lake.resume, lambda: lake.release().id == current, {*releases})
    if kind == "keep" and others:
        count = chance.randint(1, len(releases) - 1)
        pin = lake.pin
        kept = {*releases[:count], current} | ({pin.release, pin.instead_of} if pin else set())
        return Run(
            kind, lambda: lake.delete_all_but(count), lambda: lake.release().id == current, kept
        )
    state = contents.index(lake.release().manifest.content)
    return publication(root, 1 - state, contents)


def kill_at_random(folder: Path, kills: int, seed: int) -> None:
    """One lake that goes through so many kills; prints how many of which run."""
    chance, contents, root = random.Random(seed), contents_of(folder), folder / "lake"
    publish(root, 0)
    for path in FOREIGN:
        (root / path).parent.mkdir()
        (root / path).write_text("not of the lake")
    done: Counter[str] = Counter()
    longest: dict[str, float] = {"publish": 300, "rollback": 20, "resume": 10, "keep": 100}
    while done.total() < kills:
        run = any_run(root, chance, contents)
        step = chance.randint(1, max(1, round(longest[run.name])))
        died = kill_and_look(root, run, step, set(contents))
        # A run that was over before is not a kill, so the range of steps follows what runs have.
        longest[run.name] = max(1, longest[run.name] * (1.02 if died else 0.95))
        done[run.name] += died
        for path in FOREIGN:
            require((root / path).read_text() == "not of the lake", f"{path} is lost")
    print(f"{done.total()} kills, seed {seed}: {dict(sorted(done.items()))}")


if __name__ == "__main__":
    place, mode, *words = sys.argv[1:]
    if mode == "every":
        kill_every_step(Path(place), int(words[0]) if words else 1)
    else:
        kill_at_random(Path(place), int(words[0]), int(words[1]) if len(words) > 1 else 0)
