"""The releases of a lake: list, compare, delete, go back, verify."""

from pathlib import Path

import pyarrow as pa

from flows.lake import Lake, Release, differing_files
from flows.warehouse.diff import diff_tables
from schemas import TABLES
from schemas.errors import InputError


def release_list(lake: Path) -> tuple[pa.Table, list[str]]:
    """One row per release, newest first: id, time, what changed, rows, bytes, verdict.

    With it, sentences on what is damaged: `current` that names no release, a pin that cannot be
    read. InputError where there are no releases.
    """
    home = Lake(lake)
    releases, current, pinned, damages = home.releases(), None, None, []
    try:
        current = home.release().id
    except InputError as error:
        if not releases:
            raise
        damages.append(str(error))
    try:
        pinned = home.pin
    except InputError as error:
        damages.append(str(error))
    rows = []
    for release in releases:
        marks = ["current"] if release.id == current else []
        if pinned is not None and pinned.release == release.id:
            marks.append("rolled back to")
        rows.append({"release": release.id, "is": ", ".join(marks), **_facts(release)})
    return pa.Table.from_pylist(rows), damages


def _facts(release: Release) -> dict:
    try:
        manifest = release.manifest
    except InputError:
        return {
            "published": None,
            "changed": "its manifest is damaged",
            "rows": None,
            "bytes": None,
            "verdict": "unreadable",
        }
    found = [check for check in manifest.checks if check["rows"]]
    warnings = f"{len(found)} warning{'s' * (len(found) > 1)}" if found else "ok"
    broken = any(check["severity"] == "error" for check in found)
    return {
        "published": f"{manifest.created:%Y-%m-%d %H:%M:%S}",
        "changed": manifest.changes.sentence,
        "rows": sum(record.rows for record in manifest.files),
        "bytes": sum(record.bytes for record in manifest.files),
        "verdict": "error" if broken else warnings,
    }


def diff_releases(lake: Path, before: str, after: str) -> pa.Table:
    """Rows added, removed and changed between two releases, per table, split and category."""
    home = Lake(lake)
    old, new = home.release(before), home.release(after)
    files = {name: differing_files(old, new, name) for name in TABLES}
    return diff_tables(
        {name: pair[0] for name, pair in files.items()},
        {name: pair[1] for name, pair in files.items()},
        _item_files(old, new, files),
    )


def _item_files(
    old: Release, new: Release, files: dict[str, tuple[list[Path], list[Path]]]
) -> list[Path]:
    """Every item file of both, once; only needed where rows of items' landmarks differ."""
    if not any(any(files[name]) for name in ("landmarks", "polygons")):
        return []
    return [*new.files("items"), *files["items"][0]]


def delete_releases(lake: Path, *, keep: int | None, delete: str | None) -> str:
    """Delete all but the newest `keep`, or one by id; a sentence says what that freed."""
    home = Lake(lake)
    freed = home.delete(delete) if delete is not None else home.delete_all_but(keep or 1)
    if not freed.releases:
        return "nothing to delete"
    names = "\n".join(f"deleted {name}" for name in freed.releases)
    return f"{names}\nfreed {freed.files} files, {freed.bytes:,} bytes that no other release shares"


def roll_back(lake: Path, release: str | None, *, resume: bool) -> str:
    """Roll back to a release, or let ingests publish again; what happened, as a sentence."""
    home = Lake(lake)
    if resume:
        home.resume()
        return f"ingests publish again, on top of {home.release().id}"
    if release is None:
        raise InputError("name the release to go back to: `wardrobe releases` lists them")
    chosen = home.rollback(release)
    return (
        f"{chosen.id} is current; ingests are refused until "
        "`wardrobe rollback --resume` or `wardrobe ingest --resume`"
    )


def verify_release(lake: Path, release: str | None) -> tuple[pa.Table, int]:
    """Problems of a release as rows (file, problem), and how many files were read."""
    chosen = Lake(lake).release(release)
    problems = Lake(lake).verify(chosen.id)
    rows = [{"file": one.path, "problem": one.what} for one in problems]
    schema = pa.schema([("file", pa.string()), ("problem", pa.string())])
    return pa.Table.from_pylist(rows, schema=schema), len(chosen.manifest.files)
