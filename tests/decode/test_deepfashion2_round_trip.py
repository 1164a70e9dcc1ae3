"""What a document says can be written back from its rows, exactly."""

import json

import numpy as np
import pyarrow as pa
import pytest
from builders import decoded, decoded_documents, made_up_documents, raw_document, raw_item
from deepfashion2_rows import documents_of, item_keys, raw_documents
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.flatten import flatten
from flows.validate import validate_items
from schemas import TABLES


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(raw_documents(), min_size=1, max_size=4), st.integers(0, 3))
def test_rows_regroup_into_the_documents_they_came_from(documents, start):
    read = decoded_documents(*(json.dumps(document).encode() for document in documents))
    accepted, refused = validate_items(read.annotations)
    assert not len(refused)
    assert not len(read.rejections)

    back = documents_of(flatten(accepted.slice(start)))

    expected = dict(list(enumerate(documents, start=1))[start:])
    assert back == expected
    for image_id, document in expected.items():
        assert item_keys(back[image_id]) == item_keys(document)


@pytest.mark.slow
@settings(deadline=None, max_examples=15)
@given(st.lists(raw_documents(), min_size=1, max_size=3))
def test_every_way_of_writing_the_same_json_reads_the_same(documents):
    """Spaces and escapes leave the fast way of reading; what is read must not differ."""
    plain = [json.dumps(document, ensure_ascii=False).encode() for document in documents]
    spaced = [
        json.dumps(document, indent=1, separators=(" , ", " : ")).encode() for document in documents
    ]
    escaped = [text.replace(b'"style"', b'"st\\u0079le"') for text in plain]
    read = decoded_documents(*plain).annotations
    assert decoded_documents(*spaced).annotations == read
    assert decoded_documents(*escaped).annotations == read


def test_the_tables_have_their_declared_schemas_and_survive_full_validation():
    read = decoded_documents(b'{"source": "shop", "pair_id": 3}')
    for name, batch in flatten(read.annotations).items():
        batch.validate(full=True)
        assert batch.schema.equals(TABLES[name].schema, check_metadata=True)


@pytest.mark.slow
def test_two_thousand_made_up_documents_come_back_equal():
    documents = {
        number: {key: value for key, value in document.items() if key not in ("width", "height")}
        for number, document in made_up_documents(seed=1, images=2000).items()
    }
    read = decoded_documents(*(json.dumps(document).encode() for document in documents.values()))
    accepted, refused = validate_items(read.annotations)
    assert len(refused) == len(read.rejections) == 0
    back = documents_of(flatten(accepted))
    assert back == documents
    assert all(item_keys(back[number]) == item_keys(documents[number]) for number in documents)


def test_an_unlabelled_point_away_from_nowhere_keeps_its_coordinates():
    landmarks = [0, 0, 0, 5, 6, 0, 0, 0, 2, *[1, 1, 1] * 5]
    read = decoded_documents(raw_document(raw_item(landmarks=landmarks)))
    (document,) = documents_of(flatten(read.annotations)).values()
    assert document["item1"]["landmarks"] == landmarks
    rows = flatten(read.annotations)["landmarks"].to_pylist()
    assert [(row["x"], row["visibility"]) for row in rows[:3]] == [
        (None, "unlabelled"),
        (5.0, "unlabelled"),
        (0.0, "visible"),
    ]


@pytest.fixture(scope="module")
def real_tables(real_data):
    folder = real_data / "deepfashion2"
    files = {
        "train/annos/000001.json": (folder / "train/annos/000001.json").read_bytes(),
        "train/annos/001811.json": (folder / "unnumbered/annos/pair1811.json").read_bytes(),
    }
    read = decoded(files)
    accepted, refused = validate_items(read.annotations)
    assert (len(refused), len(read.rejections), read.documents_read, read.items_read) == (
        0,
        0,
        2,
        4,
    )
    return files, flatten(accepted)


def test_real_documents_come_back_equal_with_their_items_in_order(real_tables):
    files, tables = real_tables
    back = documents_of(tables)
    for image_id, text in zip((1, 1811), files.values(), strict=True):
        document = json.loads(text)
        assert back[image_id] == document
        assert item_keys(back[image_id]) == item_keys(document) == ["item2", "item1"]


def test_the_real_document_has_the_outlines_that_were_measured(real_tables):
    _, tables = real_tables
    polygons = pa.Table.from_batches([tables["polygons"]]).to_pylist()
    trousers = [row for row in polygons if (row["image_id"], row["item_no"]) == (1, 2)]
    assert [row["area"] for row in trousers] == [26_972, 16_526, 10_446]
    assert all(row["closed"] for row in polygons if row["image_id"] == 1)
    boxes = {row["item_no"]: row for row in tables["items"].to_pylist() if row["image_id"] == 1}
    assert boxes[2]["y1"] == 423
    assert boxes[1]["x2"] == 466
    (whole, *_) = [row for row in polygons if (row["image_id"], row["item_no"]) == (1, 1)]
    assert np.max(whole["points"][0::2]) == 467
