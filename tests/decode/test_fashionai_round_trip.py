"""What was decoded is written back as the rows it came from; hostile rows lose nothing."""

import os
import random

import pytest
from decoded_sources import decode_source
from fashionai_rows import image_id, listed, random_row, records, row_again, table
from mutations import mutated_table

from flows.decode.fashionai import FASHIONAI
from flows.flatten import flatten
from flows.validate import validate_items
from schemas.errors import InputError
from schemas.rejections import RULES

ROUNDS = int(os.environ.get("WARDROBE_FUZZ", "150"))


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_written_back_exactly(seed):
    rng = random.Random(seed)
    rows = [random_row(rng, number) for number in range(rng.randint(1, 60))]
    source = decode_source(FASHIONAI, {"train.csv": table(*rows)})
    assert sorted(map(row_again, source.images)) == sorted(rows)
    assert source.rejections == []


def test_a_part_passes_validation_and_becomes_rows_of_every_table():
    rng = random.Random(11)
    rows = [random_row(rng, number) for number in range(200)]
    unanswered = listed(image_id("dress", 999, "c"))
    source = decode_source(
        FASHIONAI, {"answer_a.csv": table(*rows), "test.csv": unanswered}, "test_a"
    )
    points = 0
    for part in source.parts:
        accepted, refused = validate_items(part.annotations)
        assert len(refused) == 0
        tables = flatten(accepted)
        assert set(tables) == {"images", "items", "landmarks", "polygons"}
        assert tables["images"].num_rows == tables["items"].num_rows == part.items_read
        for batch in tables.values():
            batch.validate(full=True)
        points += tables["landmarks"].num_rows
    counts = {"blouse": 13, "outwear": 14, "dress": 15, "skirt": 4, "trousers": 7}
    assert points == sum(counts[row.split(",")[1]] for row in rows)


def independent_count(data: bytes) -> int:
    """Lines of a table that say something, its header left out."""
    text = data.removeprefix(b"\xef\xbb\xbf")
    return sum(line.removesuffix(b"\r") != b"" for line in text.split(b"\n")) - 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(max(1, ROUNDS // 50)))
def test_no_mutation_of_a_table_crashes_or_loses_a_row(seed):
    rng = random.Random(f"fashionai {seed}")
    refused_whole = 0
    for _ in range(min(50, ROUNDS)):
        rows = [random_row(rng, number) for number in range(rng.randint(1, 6))]
        data = mutated_table(table(*rows), rng)
        try:
            source = decode_source(FASHIONAI, {"train.csv": data})
        except InputError as error:
            refused_whole += 1
            assert str(error).startswith("train.csv ")
            assert "\n" not in str(error)
            continue
        assert source.documents_read == independent_count(data)
        assert set(source.rules) <= set(RULES)
        again = {row_again(image) for image in source.images}
        refused = {record["image_id"] for record in source.rejections}
        untouched = {line for line in rows if line.encode() in data.split(b"\n")}
        for line in untouched - again:  # only another line for the same image can cost a good one
            assert int(line.split("/")[2][:13], 16) in refused
    assert refused_whole < ROUNDS * 0.6


def test_the_readers_agree_on_what_a_record_is():
    rows = [random_row(random.Random(1), number) for number in range(3)]
    assert [",".join(record) for record in records(table(*rows))] == rows
