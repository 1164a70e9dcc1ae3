"""Lakes on object storage for tests: where they are, and what has to hold after any run."""

from pathlib import Path

import msgspec
from lake_runs import numbers, source
from object_stores import StubStore

from flows.lake import Lake, LakeReleases
from flows.release import Release
from flows.release.pointer import Pointer
from flows.storage.objects import ObjectPath

ROOT = ObjectPath("bucket", "a/lake")
FIRST, SECOND = source(numbers(1, 25)), source(numbers(1, 25) | {13: "wider"})


def keys(stub: StubStore) -> set[str]:
    return {key.removeprefix("a/lake/") for key in stub.objects}


def own_keys(stub: StubStore) -> set[str]:
    return {key for key in keys(stub) if not key.startswith("releases/")}


def assert_whole(lake: LakeReleases, *releases: Release) -> None:
    """Exactly these releases, each as its manifest says, and nothing of a run."""
    assert [release.id for release in lake.releases()] == [release.id for release in releases]
    assert all(lake.verify(release.id) == [] for release in releases)
    names = {key.split("/")[0] for key in ROOT.objects()["name"].to_pylist()}
    assert names <= {"lake.json", "current.json", "seen.json", "releases"}
    ids = {name for name in (ROOT / "releases").folders()}
    assert ids == {release.id for release in releases}


def uploaded(lake: Path, stub: StubStore, root: ObjectPath = ROOT) -> ObjectPath:
    """Put the releases of a lake on this machine into the stub, as a lake there."""
    opened = Lake(lake)
    for release in opened.releases():
        for path in release.path.rglob("*"):
            if path.is_file():
                name = path.relative_to(release.path).as_posix()
                stub.write(f"{root.key}/releases/{release.id}/{name}", path.read_bytes())
    stub.write(f"{root.key}/lake.json", (lake / "lake.json").read_bytes())
    pointer = Pointer(opened.release().id)
    stub.write(f"{root.key}/current.json", msgspec.json.encode(pointer))
    return root
