"""FashionAI rows for tests: CSV made by hand, and the independent way back from decoded images."""

import csv
import io
import random

HEADER = (
    "image_id,image_category,neckline_left,neckline_right,center_front,shoulder_left,"
    "shoulder_right,armpit_left,armpit_right,waistline_left,waistline_right,cuff_left_in,"
    "cuff_left_out,cuff_right_in,cuff_right_out,top_hem_left,top_hem_right,waistband_left,"
    "waistband_right,hemline_left,hemline_right,crotch,bottom_left_in,bottom_left_out,"
    "bottom_right_in,bottom_right_out"
)
COLUMNS = HEADER.split(",")
OWN = {
    "blouse": (*range(7), *range(9, 15)),
    "outwear": (0, 1, *range(3, 15)),
    "dress": (*range(13), 17, 18),
    "skirt": (15, 16, 17, 18),
    "trousers": (15, 16, 19, 20, 21, 22, 23),
}
"""The points of each category in the published table, typed in again."""

CODES = {"visible": 1, "occluded": 0, "unlabelled": -1}
ABSENT = "-1_-1_-1"


def stem(number: int, first: str = "a") -> str:
    """A hash of 32 hex digits that begins with `first` and tells the number in its 13."""
    return f"{first}{number:012x}" + "0" * 19


def image_id(category: str, number: int, first: str = "a") -> str:
    return f"Images/{category}/{stem(number, first)}.jpg"


def row(category: str = "skirt", number: int = 1, first: str = "a", **points: str) -> str:
    """One CSV row; points by name, absent unless given."""
    cells = [points.get(name, ABSENT) for name in COLUMNS[2:]]
    return ",".join([image_id(category, number, first), category, *cells])


def table(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return ("\n".join((header, *rows)) + end).encode()


def listed(*image_ids: str) -> bytes:
    """A list without points, as test.csv."""
    rows = [f"{name},{name.split('/')[1]}" for name in image_ids]
    return "\n".join(("image_id,image_category", *rows, "")).encode()


def random_row(rng: random.Random, number: int) -> str:
    """A row as the source has them, points absent, hidden, on the edge or visible."""
    category = rng.choice(list(OWN))
    cells = [ABSENT] * 24
    for slot in OWN[category]:
        if rng.random() < 0.85:
            cells[slot] = f"{rng.randint(0, 512)}_{rng.randint(0, 512)}_{rng.choice((0, 1, 1))}"
    return ",".join([image_id(category, number, rng.choice("0123456789abcdef")), category, *cells])


def row_again(image: dict) -> str:
    """A decoded image as the CSV row it came from."""
    (item,) = image["items"]
    cells = [ABSENT] * 24
    slots = OWN[item["category_name"]]
    for slot, point in zip(slots, item["landmarks"], strict=True):
        x, y = (-1 if value is None else value for value in (point["x"], point["y"]))
        assert x == int(x) and y == int(y)
        cells[slot] = f"{int(x)}_{int(y)}_{CODES[point['visibility']]}"
    return ",".join([image["file_name"], item["category_name"], *cells])


def records(data: bytes) -> list[list[str]]:
    """The rows of a CSV as Python's own reader sees them, header left out."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[1:]
