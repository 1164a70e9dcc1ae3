"""The same pictures three ways, for feed.py: a release, Hugging Face shards, a folder with COCO.

640 x 800 JPEGs of about 135 KB: smooth figures on a noisy ground, as much work to decode as photos
of that size. Two items each, with box and landmarks.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from releases import image, item, write_release

WIDTH, HEIGHT = 640, 800


def picture(number: int) -> bytes:
    """A JPEG of about 135 KB."""
    random = np.random.default_rng(number)
    rough = random.integers(0, 255, (25, 20, 3), np.uint8)
    smooth = Image.fromarray(rough).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    noise = random.normal(0, 7.5, (HEIGHT, WIDTH, 1))
    pixels = (np.asarray(smooth) + noise).clip(0, 255).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=84)
    return out.getvalue()


def rows(count: int) -> list[dict]:
    """Images with two items each, of one size and place for every seed."""
    return [
        image(
            number, *_items(number), width=WIDTH, height=HEIGHT, picture=picture(number),
            pair_id=number // 4, source="shop" if number % 2 else "user",
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def _items(number: int) -> Iterator[dict]:
    random = np.random.default_rng(number)
    for category_id, landmarks in ((1, 25), (9, 8)):
        corner, size = random.uniform((20, 20), (200, 250)), random.uniform((200, 300), (400, 500))
        points = (random.uniform(0, 1, (landmarks, 2)) * size + corner).tolist()
        yield item(
            category_id,
            box=(*corner.tolist(), *(corner + size).tolist()),
            style=number % 3,
            landmarks=[(x, y, 2) for x, y in points],
        )


def prepare(folder: Path, count: int) -> dict[str, Path]:
    """Everything on disk once; a second call with the same count finds it."""
    done = folder / f"ready-{count}"
    if not done.exists():
        images = rows(count)
        write_release(folder, images, per_part=4096)
        _coco(folder / "coco.json", images)
        _shards(folder / "shards.parquet", images)
        done.touch()
    return {
        "release": next((folder / "lake" / "releases").iterdir()),
        "pictures": folder / "source" / "train" / "image",
        "coco": folder / "coco.json",
        "shards": folder / "shards.parquet",
    }


def _coco(path: Path, images: list[dict]) -> None:
    annotations = [
        {
            "id": 10 * image["image_id"] + k,
            "image_id": image["image_id"],
            "category_id": item["category_id"],
            "bbox": [*item["box"][:2], *np.subtract(item["box"][2:], item["box"][:2]).tolist()],
            "keypoints": np.ravel(item["landmarks"]).tolist(),
        }
        for image in images
        for k, item in enumerate(image["items"])
    ]
    heads = [{"id": image["image_id"], "file_name": image["file_name"]} for image in images]
    path.write_text(json.dumps({"images": heads, "annotations": annotations}))


def _shards(path: Path, images: list[dict]) -> None:
    """As `datasets` writes them: image struct, nested annotations, 100 rows per row group."""
    table = pa.table(
        {
            "image": [{"bytes": image["picture"], "path": image["file_name"]} for image in images],
            "boxes": [[list(item["box"]) for item in image["items"]] for image in images],
            "labels": [[item["category_id"] for item in image["items"]] for image in images],
        }
    )
    features = {
        "image": {"_type": "Image"},
        "boxes": {
            "feature": {"feature": {"dtype": "float64", "_type": "Value"}, "_type": "List"},
            "_type": "List",
        },
        "labels": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"},
    }
    footer = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(footer), path, row_group_size=100)
