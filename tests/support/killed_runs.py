"""Kill a publication before its nth step, for every n, and look at what is left each time.

    python killed_runs.py FOLDER [STRIDE]

A step is a change of the file system: Python announces each (an audit event) before it happens.
Every try starts from the same lake with one release, is killed with SIGKILL, and must leave a
current release that is whole, the old one or the new one; the next run must end with the content
of a run that nobody disturbed, and with nothing left over.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import pyarrow as pa
from small_lakes import numbers, publish, source

from flows.lake import Lake

STEPS = {
    "open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
}  # fmt: skip
BEFORE = source(numbers(1, 15))
AFTER = pa.concat_tables([source(numbers(1, 12) | {3: "wider"}), source({1: "a"}, "test")])


def publish_and_die(root: Path, countdown: int) -> bool:
    """Publish in a child that is killed before a step; whether it died before it was done."""
    child = os.fork()
    if child == 0:

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal countdown
            if event in STEPS and str(arguments[0]).startswith(str(root)):
                countdown -= 1
                if countdown == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        publish(root, AFTER)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"the child ended with status {status}")
    return status != 0


def main(folder: Path, stride: int) -> None:
    """Try every step in turn; print how many, or leave with what was wrong."""
    first = publish(folder / "before", BEFORE)
    shutil.copytree(folder / "before", folder / "undisturbed", symlinks=True)
    last = publish(folder / "undisturbed", AFTER)
    step = 1
    while True:
        root = folder / f"killed-{step}"
        shutil.copytree(folder / "before", root, symlinks=True)
        died = publish_and_die(root, step)
        lake = Lake(root)
        left = lake.release().manifest.content
        if left not in {first.manifest.content, last.manifest.content} or lake.verify():
            raise SystemExit(f"killed before step {step}: {lake.verify()}")
        again = publish(root, AFTER)
        if again.manifest.content != last.manifest.content or lake.verify():
            raise SystemExit(f"killed before step {step}, the next run ended with {again.id}")
        names = sorted(path.name for path in root.iterdir())
        if set(names) - {"current", "lock", "releases", "seen.json", "staging"}:
            raise SystemExit(f"killed before step {step}, left over: {names}")
        if list((root / "staging").iterdir()) or len(lake.releases()) != 2:
            raise SystemExit(f"killed before step {step}, left over in staging or releases")
        if not died:
            print(f"{step} steps")
            return
        shutil.rmtree(root)
        step += stride


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
