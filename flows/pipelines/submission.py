"""Challenge files of DeepFashion2: check a file of results or a zip, and pack results."""

import shutil
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from flows.pipelines.output import require_output_file
from flows.pipelines.tables import open_release
from flows.predictions.challenge import Images, Problems, add_problems
from flows.storage.atomic import atomic_write
from flows.warehouse import open_warehouse, run_query
from schemas.challenge import PHASES, Phase
from schemas.errors import InputError

_DATASET = "deepfashion2"

PROBLEMS = pa.schema(
    [
        ("field", pa.string()),
        ("problem", pa.string()),
        ("count", pa.int64()),
        ("row", pa.int64()),
        ("value", pa.string()),
    ]
)
"""A problem, how many values have it, the record of the first of them, and that value."""


@dataclass(frozen=True)
class SubmissionCheck:
    """The records of a file of results, its problems (rows of PROBLEMS), and notes for people."""

    records: int
    problems: pa.Table
    notes: tuple[str, ...]


def check_submission(
    path: Path, task: str, phase: str, *, lake: Path | None = None, release: str | None = None
) -> SubmissionCheck:
    """Every problem of a file of results for a challenge, or of a zip with one.

    Images are those of the split in the release; without a lake, or where the release does not have
    the split, those that the authors published. Raises InputError for a file that cannot be read.
    """
    problems = Problems()
    images, notes = _images(task, PHASES[phase], lake, release)
    try:
        if _is_zip(path):
            records = _add_of_zip(problems, path, PHASES[phase].file_name(task), task, images)
        else:
            with path.open("rb") as file:
                records = add_problems(problems, file, task, images)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    rows = [asdict(problem) for problem in problems.kinds.values()]
    return SubmissionCheck(records, pa.Table.from_pylist(rows, PROBLEMS), notes)


def pack_submission(
    path: Path,
    task: str,
    phase: str,
    *,
    output: Path,
    lake: Path | None = None,
    release: str | None = None,
) -> SubmissionCheck:
    """Check a file of results and, if it has no problems, write the zip that the challenge takes.

    The zip has one file with the name of the phase; the same results give the same bytes. Raises
    InputError as `check_submission`, for a zip and for an output that cannot be written.
    """
    if path.exists() and _is_zip(path):
        raise InputError(f"{path} is a zip already: give the JSON file of results.")
    output = require_output_file(output)
    checked = check_submission(path, task, phase, lake=lake, release=release)
    if not checked.problems.num_rows:
        member = zipfile.ZipInfo(PHASES[phase].file_name(task))
        member.compress_type, member.file_size = zipfile.ZIP_DEFLATED, path.stat().st_size
        member.create_system, member.external_attr = 3, 0o644 << 16  # equal on every system
        with (
            path.open("rb") as file,
            atomic_write(output) as sink,
            zipfile.ZipFile(sink, "w") as archive,
            archive.open(member, "w") as packed,
        ):
            shutil.copyfileobj(file, packed, 1 << 20)
    return checked


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)


def _images(
    task: str, phase: Phase, lake: Path | None, release: str | None
) -> tuple[Images, tuple[str, ...]]:
    """The images that each field may name, and a note where the release does not have the split."""
    notes: tuple[str, ...] = ()
    numbers: dict[str, Collection[int]] = {
        "any": range(1, phase.images + 1),
        "user": range(1, phase.consumers + 1),
        "shop": range(phase.consumers + 1, phase.images + 1),
    }
    whose = f"of the published {phase.split} split"
    if lake is not None:
        opened = open_release(lake, release)
        if (_DATASET, phase.split) in opened.splits("images"):
            whose = f"of {phase.split} in the release"
            partition = {"dataset": _DATASET, "split": phase.split}
            with open_warehouse(opened.tables()) as con:
                for source in numbers:
                    rows = run_query(con, "information_images", partition | {"source": source})
                    # Where documents are missing, as in the test split, sources are unknown.
                    numbers[source] = set(rows["image_id"].to_pylist()) or numbers["any"]
        else:
            notes = (f"release {opened.id} does not have {phase.split}: images were compared with "
                "the published numbers",)  # fmt: skip
    if task == "landmarks":
        return {"image_id": (f"an image {whose}", numbers["any"])}, notes
    return {
        "query_image_id": (f"a consumer's image {whose}", numbers["user"]),
        "gallery_image_id": (f"a shop's image {whose}", numbers["shop"]),
    }, notes


def _add_of_zip(problems: Problems, path: Path, name: str, task: str, images: Images) -> int:
    """Add the problems of a zip and of the file in it; returns the number of its records."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) != 1:
                names = ", ".join(member.filename for member in members)
                problems.add("zip", "does not have one file only", None, names.encode())
                return 0
            if members[0].filename != name:
                other = members[0].filename.encode(errors="replace")
                problems.add("zip", f"the file in it is not called {name}", None, other)
            with archive.open(members[0]) as file:
                return add_problems(problems, file, task, images)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError: the member is encrypted; NotImplementedError: an unusual compression.
        problems.add("zip", f"cannot be read: {error}")
        return 0
