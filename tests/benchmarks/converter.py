"""An ingest with pictures compared with the usual conversion script: all in one list, then JSON.

    python tests/benchmarks/converter.py [--documents 20000] [--folder FOLDER] [--rounds 3]

Generates documents, and a picture for each: a real JPEG header in a sparse file of 100 KB, of
which both sides read the header alone. The script is that of the data set's authors: for each
document json.load, PIL.Image.open for the size, a dense list of the points of all categories for
each item, appended to one list, and json.dump of it. The ingest also validates, derives, checks
and publishes. Ratios are of CPU seconds, to the ingest of the same round.
"""

import json
import tempfile
from io import BytesIO
from pathlib import Path
from statistics import median

from benchmark import MIB, Cost, Table, in_process, memory_of, options, remove_lake, timed, wardrobe

HEADER_BYTES = 700
PICTURE_BYTES = 100_000
SIZE = (468, 624)


def sample(folder: Path, documents: int) -> Path:
    """Generated documents with a picture each; an incomplete source is not used again."""
    from PIL import Image

    source, whole = folder / f"pictures-{documents}", folder / f"pictures-{documents}.whole"
    if whole.exists():
        return source
    wardrobe("sample", "deepfashion2", source, "--no-images", "--images", documents)
    encoded = BytesIO()
    Image.effect_noise(SIZE, 50).convert("RGB").save(encoded, "JPEG", quality=90)
    for annotations in source.glob("*/annos"):
        pictures = annotations.with_name("image")
        pictures.mkdir()
        for document in annotations.iterdir():
            with (pictures / f"{document.stem}.jpg").open("wb") as file:
                file.write(encoded.getvalue()[:HEADER_BYTES])
                file.truncate(PICTURE_BYTES)
    whole.touch()
    return source


def script(source: Path, output: Path) -> tuple[Cost, float]:
    """The conversion script; also the MiB of its process at most."""

    def convert() -> None:
        from PIL import Image

        from schemas.categories import CATEGORIES

        counts = [category.landmarks for category in CATEGORIES["deepfashion2"]]
        images, annotations = [], []
        for path in sorted(source.glob("*/annos/*.json")):
            with path.open() as file:
                document = json.load(file)
            width, height = Image.open(path.parents[1] / "image" / f"{path.stem}.jpg").size
            images.append(
                {
                    "id": int(path.stem),
                    "file_name": f"{path.stem}.jpg",
                    "width": width,
                    "height": height,
                }
            )
            for key, item in document.items():
                if key in ("source", "pair_id"):
                    continue
                x1, y1, x2, y2 = item["bounding_box"]
                category = item["category_id"]
                points = [0.0] * (3 * sum(counts))
                start = 3 * sum(counts[: category - 1])
                points[start : start + len(item["landmarks"])] = item["landmarks"]
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": int(path.stem),
                        "pair_id": document["pair_id"],
                        "category_id": category,
                        "style": item["style"],
                        "bbox": [x1, y1, x2 - x1, y2 - y1],
                        "area": (x2 - x1) * (y2 - y1),
                        "iscrowd": 0,
                        "num_keypoints": sum(code > 0 for code in item["landmarks"][2::3]),
                        "keypoints": points,
                        "segmentation": item["segmentation"],
                    }
                )
        with output.open("w") as file:
            json.dump({"images": images, "annotations": annotations}, file)

    cost = timed(convert)[1]
    return cost, memory_of("VmHWM")


def main() -> None:
    chosen = options(__doc__, documents=20_000, folder=None, rounds=3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        source, lake = sample(folder, chosen.documents), folder / "lake-of-pictures"
        table = Table(
            step="<26", seconds=">9.2f", CPU_s=">8.2f", MiB=">8,.0f", to_ingest=">10.2f"
        )  # fmt: skip
        ratios = []
        for _ in range(chosen.rounds):
            cost, memory = in_process("spawn", script, source, folder / "converted.json")
            remove_lake(lake)
            done = wardrobe("ingest", "deepfashion2", source, "--lake", lake, "--workers", 1)
            ratios.append(cost.cpu / done.cpu)
            table.row("conversion script", *cost, memory, ratios[-1])
            table.row("ingest, --workers 1", done.seconds, done.cpu, done.peak / MIB, 1)
        print(f"median: the script takes {median(ratios):.1f} times the CPU of the ingest")
        remove_lake(lake)


if __name__ == "__main__":
    main()
