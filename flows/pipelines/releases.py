"""The releases of a lake: list, compare, delete, roll back, verify."""

from collections import Counter
from typing import Any

import pyarrow as pa

from flows.lake import open_lake
from flows.release import Manifest, Release, differing_files
from flows.release.verdict import recorded_verdict
from flows.storage.place import Place
from schemas import TABLES
from schemas.errors import InputError, did_you_mean


def release_ids(root: Place) -> list[str]:
    """The ids of all releases, newest first. Raises InputError for a damaged lake."""
    return [release.id for release in open_lake(root).releases()]


def table_files(
    root: Place,
    release: str | None,
    table: str | None,
    dataset: str | None = None,
    split: str | None = None,
    image_id: int | None = None,
) -> list[Place]:
    """The folder of a release; with `table` its files, narrowed by what else is given.

    Raises InputError for a table, data set, split or image of which the release has no file.
    """
    opened = open_lake(root).release(release)
    if table is None:
        return [opened.path]
    files = opened.tables()
    if table not in files:
        hint = did_you_mean(table, files, f"it has {', '.join(files)}.")
        raise InputError(f"release {opened.id} does not have the table {table}: {hint}")
    if dataset is None:
        return files[table]
    if split is None:
        raise InputError(f"give a split of {dataset} too.")
    opened.require_split(dataset, split)
    if (dataset, split) not in opened.splits(table):
        raise InputError(
            f"release {opened.id} has no file of {table} for {dataset} {split} alone: give the "
            "table only."
        )
    if not (places := opened.files(table, dataset, split, image_id)):
        raise InputError(f"release {opened.id} has no image {image_id} of {dataset} {split}.")
    return places


def release_list(root: Place) -> tuple[pa.Table, list[str]]:
    """One row per release, newest first: id, time, what changed, rows, bytes, verdict.

    Also returns a sentence for each damage: `current` that names no release, a pin that cannot be
    read. Raises InputError for a lake without releases.
    """
    lake = open_lake(root)
    releases, marks, damages = lake.releases(), {}, []
    try:
        if pin := lake.pin:
            marks[pin.release] = "rolled back to"
    except InputError as error:
        damages.append(str(error))
    try:
        current = lake.release().id
        marks[current] = ", ".join(filter(None, ["current", marks.get(current)]))
    except InputError as error:
        if not releases:
            raise
        damages.insert(0, str(error))
    rows = [
        {"release": release.id, "is": marks.get(release.id, ""), **_facts(release)}
        for release in releases
    ]
    return pa.Table.from_pylist(rows), damages


def _facts(release: Release) -> dict[str, Any]:
    try:
        manifest = release.manifest
    except InputError:
        unknown = dict.fromkeys(("published", "changed", "rows", "bytes"))
        return {**unknown, "changed": "its manifest is damaged", "verdict": "unreadable"}
    verdicts = verdict_counts(manifest)
    failed = verdicts["warn"] + verdicts["error"]
    verdict = f"{failed} warning{'s' * (failed > 1)}" if failed else "ok"
    return {
        "published": f"{manifest.created:%Y-%m-%d %H:%M:%S}",
        "changed": manifest.changes.sentence,
        "rows": sum(record.rows for record in manifest.readable_files),
        "bytes": sum(record.bytes for record in manifest.files),
        "verdict": "error" if verdicts["error"] else verdict,
    }


def verdict_counts(manifest: Manifest) -> dict[str, int]:
    """Number of checks by verdict, as they were when the release was published."""
    verdicts = Counter(recorded_verdict(check).outcome for check in manifest.checks)
    return {verdict: verdicts[verdict] for verdict in ("ok", "not checkable", "warn", "error")}


def diff_releases(root: Place, before: str, after: str) -> pa.Table:
    """Rows added, removed and changed between two releases, per table, split and category."""
    from flows.warehouse.diff import diff_tables  # other commands on releases need no engine

    lake = open_lake(root)
    old, new = lake.release(before), lake.release(after)
    files = {name: differing_files(old, new, name) for name in TABLES}
    # Landmarks and polygons take their category from the items of both releases.
    needs_items = any(any(files[name]) for name in ("landmarks", "polygons"))
    return diff_tables(
        {name: pair[0] for name, pair in files.items()},
        {name: pair[1] for name, pair in files.items()},
        [*new.files("items"), *files["items"][0]] if needs_items else [],
    )


def delete_releases(root: Place, *, keep: int | None, delete: str | None) -> str:
    """Delete all but the newest `keep`, or one by id; says what was deleted and freed."""
    if keep is not None and delete is not None:
        raise InputError("--keep and --delete exclude each other: give one of them")
    lake = open_lake(root)
    freed = lake.delete(delete) if delete is not None else lake.delete_all_but(keep or 1)
    if not freed.releases:
        return "nothing to delete"
    names = "\n".join(f"deleted {name}" for name in freed.releases)
    return f"{names}\nfreed {freed.files} files, {freed.bytes:,} bytes that no other release shares"


def roll_back(root: Place, release: str | None, *, resume: bool) -> str:
    """Make a release the current one, or let ingests publish again; says what happened."""
    lake = open_lake(root)
    if resume and release is not None:
        raise InputError("--resume stays on the current release: give it without a release")
    if resume:
        lake.resume()
        return f"ingests publish again, on top of {lake.release().id}"
    if release is None:
        raise InputError("name the release to roll back to: `wardrobe releases` lists them")
    return (
        f"{lake.rollback(release).id} is current; ingests are refused until "
        "`wardrobe rollback --resume` or `wardrobe ingest --resume`"
    )


def verify_release(root: Place, release: str | None) -> tuple[pa.Table, int]:
    """Problems of a release as rows (file, problem), and the number of files that were read."""
    lake = open_lake(root)
    opened = lake.release(release)
    rows = [{"file": problem.path, "problem": problem.what} for problem in lake.verify(opened.id)]
    schema = pa.schema([("file", pa.string()), ("problem", pa.string())])
    return pa.Table.from_pylist(rows, schema=schema), len(opened.manifest.files)
