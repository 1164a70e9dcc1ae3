"""Golden versions: the output of versioned code over golden inputs, and a comparison with a file.

`python tests/support/golden_versions.py` records the outputs in tests/golden/versions.json. It
refuses an output that changed while its version did not.
"""

import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from decoded_sources import decode_source
from encoded_pictures import encoded, png_header
from PIL import Image

from flows.decode import DECODERS
from flows.flatten import flatten
from flows.lake import Part, write_part
from flows.pictures import probe, verify
from flows.pictures.open import FORMATS, MOST_PIXELS, MOST_SCANS
from flows.pipelines.source import part_versions
from flows.validate import validate_items
from schemas import TABLES
from schemas.annotation import ANNOTATION
from schemas.categories import CATEGORIES

GOLDEN = Path(__file__).parents[1] / "golden"
RECORDED = GOLDEN / "versions.json"
COMMAND = "python tests/support/golden_versions.py"
DECLARED_IN = {
    "decoder": "DECODER_VERSION in the data set's folder of flows/decode",
    "flatten": "FLATTEN_VERSION in flows/flatten/rows.py",
    "probe": "PROBE_VERSION in flows/pictures/facts.py",
    "schema": "SCHEMA_VERSION in schemas/table.py",
}


class Output(NamedTuple):
    """The hash of an output, and the versions of the code that made it; the first is its own."""

    versions: dict[str, int]
    sha256: str


def current_outputs() -> dict[str, Output]:
    """The outputs of the code as it is: decoders and flatten by data set, probe, schema."""
    outputs = {}
    for dataset in DECODERS:
        versions = part_versions(dataset)
        for name, rows in (("decoder", decoded_rows), ("flatten", written_files)):
            of_output = {key: versions[key] for key in (name, "schema")}
            outputs[f"{name} {dataset}"] = Output(of_output, _hash(rows(dataset)))
    for name, values in (("probe", picture_facts()), ("schema", declared_columns())):
        outputs[name] = Output({name: versions[name]}, _hash(values))
    return outputs


def recorded_outputs() -> dict[str, Output]:
    """The outputs in tests/golden/versions.json."""
    return {name: Output(*record) for name, record in json.loads(RECORDED.read_text()).items()}


def version_problems(current: Mapping[str, Output], recorded: Mapping[str, Output]) -> list[str]:
    """Outputs that changed under the same version; each sentence says what to do."""
    return [
        f"{name}: the output over the golden inputs changed, and the version did not. Raise "
        f"{DECLARED_IN[next(iter(output.versions))]}, so that lakes build their parts again, then "
        f"run `{COMMAND}`. If the output was not meant to change, this is a bug."
        for name, output in current.items()
        if name in recorded
        and recorded[name].sha256 != output.sha256
        and recorded[name].versions == output.versions
    ]


def decoded_rows(dataset: str) -> list[Any]:
    """What a decoder makes of tests/golden/sources/DATASET: parts and rows of every part."""
    folder = GOLDEN / "sources" / dataset
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    source = decode_source(DECODERS[dataset], files)
    rows: list[Any] = [source.arranged.members.to_pylist(), source.arranged.pictures]
    for part in source.parts:
        rows += [
            [_with_pixels(image) for image in part.annotations.to_pylist()],
            part.rejections.to_pylist(),
            {name: table.to_pylist() for name, table in part.tables.items()},
        ]
    return rows


def _with_pixels(image: dict[str, Any]) -> dict[str, Any]:
    """A row with the picture as pixels: its compressed bytes depend on the version of zlib."""
    if not image["picture"]:
        return image
    with Image.open(io.BytesIO(image["picture"]["bytes"])) as picture:
        pixels = [picture.mode, *picture.size, picture.tobytes().hex()]
    return image | {"picture": pixels, "byte_size": None, "sha256": None}


def written_files(dataset: str) -> list[Any]:
    """The files of a part with an item of each category, one image without, and refused items."""
    images = [
        _image(dataset, 0, []),
        *(
            _image(dataset, category.category_id, [_item(category)])
            for category in CATEGORIES[dataset]
        ),
    ]
    category = CATEGORIES[dataset][-1]
    refused = [
        {"x1": 90.0},
        {"y2": float("inf")},
        {"y1": -1e6 - 1},
        {"polygons": [[1.0, 2.0, 3.0]]},
    ]
    refused += [{"landmarks": [{"x": 1.0, "y": 1.0, "visibility": "visible"}] * 99}]
    items = [
        _item(category, item_no=number, **more) for number, more in enumerate(refused, start=1)
    ]
    images.append(_image(dataset, 1000, items))
    accepted, rejections = validate_items(pa.RecordBatch.from_pylist(images, schema=ANNOTATION))
    part = Part(dataset, "train", 3, "", rows=0, file=Path(), batch=0)
    with tempfile.TemporaryDirectory() as folder:
        files = write_part(Path(folder), part, [{**flatten(accepted), "rejections": rejections}])
        return [_file(Path(folder), record.path) for record in files]


def _image(dataset: str, image_id: int, items: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {"dataset": dataset, "split": "train", "image_id": image_id, "annotated": True}
    columns |= {"document": f"{image_id}.json", "file_name": f"{image_id}.jpg"}
    columns |= {"width": 480, "height": 640, "image_status": "ok"}
    picture = {"bytes": b"\x89PNG", "path": f"{image_id}.jpg"} if image_id else None
    return columns | {"items": items, "picture": picture}


def _item(category: Any, **more: Any) -> dict[str, Any]:
    """An item with numbers that follow from its category and the number of each landmark."""
    words = ("visible", "occluded", "unlabelled")
    landmarks = [
        {"x": number * 3.25, "y": number * 2.0, "visibility": words[number % 3]}
        for number in range(category.landmarks)
    ]
    item = {"item_no": 1, "document_order": 1, "place": "$.item1", "style": category.category_id}
    item |= {"category_id": category.category_id, "category_name": category.name, "scale": "modest"}
    item |= {"x1": 10.0, "y1": 20.5, "x2": 80.0, "y2": 90.0, "landmarks": landmarks}
    open_ring, closed_ring = [1.0, 2.0, 30.0, 2.5, 30.0, 40.0], [0.0, 0.0, 9.0, 0.0, 9.0, 9.0] * 2
    return item | {"polygons": [open_ring, [*closed_ring, 0.0, 0.0]]} | more


def _file(folder: Path, path: str) -> list[Any]:
    """Path, columns, rows in order, and how the rows are stored."""
    file = pq.ParquetFile(folder / path)
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    stored = [[group.num_rows, group.column(0).compression] for group in groups]
    return [path, file.schema_arrow.names, file.read().to_pylist(), stored]


def picture_facts() -> list[Any]:
    """Limits, and facts of small files: formats, orientation, sizes at a limit, cut bytes."""
    headers = [png_header(9459, 9459), png_header(9460, 9460)]
    files = [b"", b"plain text"]
    for kind in ("jpeg", "png", "gif", "bmp", "tiff", "webp"):
        for orientation in (None, 6):
            file = encoded(kind, (12, 8), orientation=orientation)
            files += [file, file[:30]]
    limits = [MOST_PIXELS, MOST_SCANS, FORMATS]
    facts = [[probe(file, whole=True), probe(file[:30], whole=False)] for file in headers + files]
    return [limits, facts, [verify(file) for file in files]]


def declared_columns() -> list[Any]:
    """Names, types and nullability of every table; no documentation and no constraints."""
    return [
        [table.name, [[field.name, str(field.type), field.nullable] for field in table.schema]]
        for table in TABLES.values()
    ]


def _hash(values: object) -> str:
    return hashlib.sha256(json.dumps(values, default=bytes.hex).encode()).hexdigest()


def record() -> None:
    """Write tests/golden/versions.json, unless an output changed under the same version."""
    current = current_outputs()
    recorded = recorded_outputs() if RECORDED.exists() else {}
    if problems := version_problems(current, recorded):
        sys.exit("\n".join(problems))
    RECORDED.write_text(json.dumps(current, indent=1) + "\n")


if __name__ == "__main__":
    record()
