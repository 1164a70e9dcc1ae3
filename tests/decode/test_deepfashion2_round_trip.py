"""What a document says can be written back from its rows, exactly."""

import json
import random

import pyarrow as pa
import pytest
from builders import made_up_documents, raw_document, raw_item
from decoded_sources import decode_documents, decode_source
from deepfashion2_rows import documents_of, item_keys

from flows.decode.deepfashion2 import DEEPFASHION2
from flows.flatten import flatten
from flows.validate import validate_items
from schemas import TABLES


def varied_documents(seed: int, count: int) -> dict[int, dict]:
    """Made-up documents with keys in any order, any text, decimals, closed outlines and gaps."""
    rng = random.Random(seed)
    documents = {}
    for number, made_up in made_up_documents(seed, count).items():
        document = {}
        for key, value in rng.sample(sorted(made_up.items()), len(made_up)):
            if key.startswith("item"):
                item = value | {
                    "category_name": rng.choice(
                        ["skirt", "", "jupe \u00e9vas\u00e9e", "\U0001f457"]
                    )
                }
                item["segmentation"] = [
                    [*points, *points[:2]] if rng.random() < 0.5 else points
                    for points in value["segmentation"]
                ]
                item["landmarks"] = [
                    number + rng.choice((0, 0.25)) * (place % 3 < 2 and number > 0)
                    for place, number in enumerate(value["landmarks"])
                ]
                key = f"item{int(key[4:]) * rng.choice((1, 1, 40))}"
                document[key] = {name: item[name] for name in rng.sample(sorted(item), len(item))}
            elif key in ("source", "pair_id"):
                document[key] = value
        documents[number] = document
    return documents


@pytest.mark.slow
def test_rows_regroup_into_the_documents_they_came_from():
    documents = varied_documents(1, 2000)
    read = decode_documents(*(json.dumps(document).encode() for document in documents.values()))
    accepted, refused = validate_items(read.annotations)
    assert len(refused) == len(read.rejections) == 0
    for start in (1999, 700, 0):
        back = documents_of(flatten(accepted.slice(start)))
        assert back == {number: documents[number] for number in documents if number > start}
    for number, document in back.items():
        assert item_keys(document) == item_keys(documents[number])


def test_every_way_of_writing_the_same_json_reads_the_same():
    """Spaces and escapes leave the fast way of reading; what is read must not differ."""
    documents = varied_documents(2, 60).values()
    plain = [json.dumps(document, ensure_ascii=False).encode() for document in documents]
    spaced = [
        json.dumps(document, indent=1, separators=(" , ", " : ")).encode() for document in documents
    ]
    escaped = [text.replace(b'"style"', b'"st\\u0079le"') for text in plain]
    read = decode_documents(*plain).annotations
    assert len(read) == 60
    assert decode_documents(*spaced).annotations == read
    assert decode_documents(*escaped).annotations == read


def test_the_tables_have_their_declared_schemas_and_survive_full_validation():
    read = decode_documents(b'{"source": "shop", "pair_id": 3}')
    for name, batch in flatten(read.annotations).items():
        batch.validate(full=True)
        assert batch.schema.equals(TABLES[name].schema, check_metadata=True)


def test_an_unlabelled_point_away_from_nowhere_keeps_its_coordinates():
    landmarks = [0, 0, 0, 5, 6, 0, 0, 0, 2, *[1, 1, 1] * 5]
    tables = flatten(decode_documents(raw_document(raw_item(landmarks=landmarks))).annotations)
    assert documents_of(tables)[1]["item1"]["landmarks"] == landmarks
    points = [(row["x"], row["visibility"]) for row in tables["landmarks"].to_pylist()]
    assert points[:3] == [(None, "unlabelled"), (5.0, "unlabelled"), (0.0, "visible")]


def test_real_documents_come_back_equal_with_the_outlines_that_were_measured(real_data):
    folder = real_data / "deepfashion2"
    texts = {
        1: (folder / "train/annos/000001.json").read_bytes(),
        1811: (folder / "unnumbered/annos/pair1811.json").read_bytes(),
    }
    source = decode_source(
        DEEPFASHION2, {f"train/annos/{number:06}.json": text for number, text in texts.items()}
    )
    assert (source.rejections, source.documents_read, source.items_read) == ([], 2, 4)
    accepted, refused = validate_items(source.parts[0].annotations)
    assert len(refused) == 0
    tables = flatten(accepted)
    back = documents_of(tables)
    assert back == {number: json.loads(text) for number, text in texts.items()}
    assert {tuple(item_keys(document)) for document in back.values()} == {("item2", "item1")}

    polygons = pa.Table.from_batches([tables["polygons"]]).to_pylist()
    first = [row for row in polygons if row["image_id"] == 1]
    areas = [row["area"] for row in first if row["item_no"] == 2]
    assert areas == [26_972, 16_526, 10_446]
    assert all(row["closed"] for row in first)
    assert max(first[0]["points"][0::2]) == 467
    boxes = [row for row in tables["items"].to_pylist() if row["image_id"] == 1]
    assert {(row["item_no"], row["y1"]) for row in boxes} >= {(2, 423)}
    assert {(row["item_no"], row["x2"]) for row in boxes} >= {(1, 466)}
