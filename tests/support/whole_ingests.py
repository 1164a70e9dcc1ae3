"""Whole ingests as a schedule runs them: `wardrobe ingest` in a process group of its own.

A source here has two states. `Trial.start` is a lake of the first; the second is what the disturbed
runs ingest. `Trial.ends` is the content hash that a run nobody disturbed ends with.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ingesting import ingested

from flows.lake import Lake
from flows.pipelines.sample import write_sample

ROOT = Path(__file__).parents[2]
PART = 4_096
"""Numbers of one part of DeepFashion2."""


def spread(source: Path, parts: int) -> None:
    """Give the files of every split other numbers, so that they lie in several parts."""
    for path in sorted(source.glob("*/*/*.*")):
        number = int(path.stem)
        path.rename(path.with_stem(f"{number + PART * (number % parts):06d}"))


def documents(source: Path, split: str = "train") -> list[Path]:
    """The documents of a split, in order."""
    return sorted((source / split / "annos").iterdir())


def rewrite(document: Path, **words: object) -> None:
    """Change some top-level words of a document; it becomes another file, as editors do it."""
    changed = {**json.loads(document.read_text()), **words}
    aside = document.with_suffix(".new")
    aside.write_text(json.dumps(changed))
    aside.replace(document)


@dataclass(frozen=True)
class Trial:
    """A source in its second state, a lake of its first, and where a run has to end."""

    source: Path
    start: Path
    began: str
    ends: str

    def fresh_lake(self, root: Path) -> Lake:
        """A lake like the first, to be disturbed."""
        shutil.copytree(self.start, root, symlinks=True)
        return Lake(root)


def make_trial(folder: Path, *, pictures: int = 60, parts: int = 4) -> Trial:
    """Draw a source over several parts, ingest it, change it, and ingest that undisturbed."""
    source = folder / "source"
    write_sample("deepfashion2", source, pictures, 5)
    spread(source, parts)
    first = ingested("deepfashion2", source, folder / "start")
    assert first.release, first.sentence
    train = documents(source)
    rewrite(train[0], pair_id=901)
    rewrite(train[-1], pair_id=902)
    rewrite(documents(source, "validation")[0], pair_id=903)
    shutil.copyfile(train[1], train[1].with_stem(f"{PART * parts + 1:06d}"))
    train[2].unlink()
    shutil.copytree(folder / "start", folder / "undisturbed", symlinks=True)
    second = ingested("deepfashion2", source, folder / "undisturbed")
    assert second.release != first.release, second.sentence
    return Trial(
        source,
        folder / "start",
        began=Lake(folder / "start").release().manifest.content,
        ends=Lake(folder / "undisturbed").release().manifest.content,
    )


def start_wardrobe(*words: object, **environment: str) -> subprocess.Popen[str]:
    """The command in a process group of its own, without a configured Prefect."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "flows", *map(str, words)],
        cwd=ROOT,
        env={**plain, "PREFECT_HOME": "/nonexistent", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_wardrobe(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command to its end."""
    process = start_wardrobe(*words, **environment)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def require_whole(lake: Lake, *contents: str) -> None:
    """The published release is readable, as its manifest says, and one of these."""
    release = lake.release()
    assert lake.verify() == []
    assert release.manifest.content in contents, release


def require_end(trial: Trial, lake: Lake, *, releases: int = 2) -> None:
    """The next run ends where an undisturbed one does, and nothing is left over."""
    ingested("deepfashion2", trial.source, lake.root)
    require_whole(lake, trial.ends)
    require_nothing_left(lake)
    assert len(lake.releases()) == releases


def require_nothing_left(lake: Lake) -> None:
    """A lake holds what it should, and its staging nothing."""
    names = {path.name for path in lake.root.iterdir()}
    runs = {"succeeded.json", "failed.json"}
    assert names <= {"current", "lake.json", "lock", "releases", "seen.json", "staging", *runs}
    assert list((lake.root / "staging").iterdir()) == []
