"""COCO files in the official layout equal those of the authors' converter, for any documents."""

import json
from pathlib import Path

import pytest
from builders import items_of, made_up_documents, tables_of
from coco_text import coco_file, coco_text
from releases import write_files

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import write_coco
from flows.pipelines.slices import export_totals, split_batches
from flows.warehouse import open_warehouse, run_query
from schemas.errors import InputError

# Name in the authors' script and number of landmarks, typed from their README.
CATEGORIES = (
    ("short_sleeved_shirt", 25),
    ("long_sleeved_shirt", 33),
    ("short_sleeved_outwear", 31),
    ("long_sleeved_outwear", 39),
    ("vest", 15),
    ("sling", 15),
    ("shorts", 10),
    ("trousers", 14),
    ("skirt", 8),
    ("short_sleeved_dress", 29),
    ("long_sleeved_dress", 37),
    ("vest_dress", 19),
    ("sling_dress", 19),
)


def converted(documents, *, visible_only=False):
    """What the authors' converter makes of these documents."""
    file = {"info": {}, "licenses": [], "images": [], "annotations": [], "categories": []}
    for number, (name, _) in enumerate(CATEGORIES, start=1):
        category = {"id": number, "name": name, "supercategory": "clothes", "skeleton": []}
        category["keypoints"] = [str(point) for point in range(1, 295)]
        file["categories"].append(category)
    for number, document in documents.items():
        image = {"id": number, "file_name": f"{number:06}.jpg", "license": 0}
        image |= dict.fromkeys(("coco_url", "date_captured", "flickr_url"), "")
        file["images"].append(image | {name: document[name] for name in ("width", "height")})
        for _, item in items_of(document):
            keypoints = [0.0] * 882
            before = sum(count for _, count in CATEGORIES[: item["category_id"] - 1])
            labelled = 0
            for place in range(len(item["landmarks"]) // 3):
                x, y, v = item["landmarks"][3 * place : 3 * place + 3]
                if visible_only and v != 2:
                    continue
                keypoints[3 * (before + place) : 3 * (before + place) + 3] = [x, y, v]
                labelled += v > 0
            x1, y1, x2, y2 = item["bounding_box"]
            record = {"id": len(file["annotations"]) + 1, "image_id": number, "iscrowd": 0}
            record |= {"area": (x2 - x1) * (y2 - y1), "bbox": [x1, y1, x2 - x1, y2 - y1]}
            record |= {"pair_id": document["pair_id"], "num_keypoints": labelled}
            record |= {name: item[name] for name in ("category_id", "style", "segmentation")}
            file["annotations"].append(record | {"keypoints": keypoints})
    return file


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("visible_only", [False, True])
def test_the_official_layout_equals_the_authors_converter(tmp_path, seed, visible_only):
    documents = made_up_documents(seed)
    files = write_files(tmp_path, **tables_of(documents))
    options = CocoOptions(visible_only=visible_only)
    assert coco_file(files, options) == converted(documents, visible_only=visible_only)


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_how_the_split_is_cut(tmp_path):
    documents = made_up_documents(7, images=9)
    files = write_files(tmp_path, **tables_of(documents))
    texts = {coco_text(files, CocoOptions(), images=images) for images in (1, 2, 4096)}
    assert len(texts) == 1


@pytest.mark.slow
def test_a_run_is_written_before_the_next_is_asked_for(tmp_path):
    """Memory does not grow with the split: only one batch exists at a time."""
    files = write_files(tmp_path, **tables_of(made_up_documents(7, images=9)))
    written_when_asked = []

    class Sink:
        bytes = 0

        def write(self, text):
            self.bytes += len(text)

    def watched(slices, sink):
        for _, batch in slices:
            written_when_asked.append(sink.bytes)
            yield batch

    with open_warehouse(files, threads=1) as con:
        sink = Sink()
        write_coco(
            sink,
            run_query(con, "coco_categories", {"dataset": "deepfashion2"}),
            images=[],
            items=watched(
                split_batches(con, export_totals(con, "deepfashion2", "train"), images=2), sink
            ),
            options=CocoOptions(),
        )
    assert len(written_when_asked) == 5
    assert written_when_asked == sorted(set(written_when_asked))


def test_numbers_stand_as_the_source_had_them(tmp_path):
    documents = made_up_documents(1, images=1)
    for _, item in items_of(documents[1]):
        item["segmentation"] = [[460, 438, 374, 0, 251, 520], [345.05, 120.4, 1.05, 10, 0.5, 20]]
        item["bounding_box"] = [1, 2, 11, 22]
    text = coco_text(write_files(tmp_path, **tables_of(documents)), CocoOptions())
    assert b'"segmentation":[[460,438,374,0,251,520],[345.05,120.4,1.05,10,0.5,20]]' in text
    assert b'"area":200,"bbox":[1,2,10,20]' in text


def test_an_item_without_polygons_has_an_empty_segmentation_as_in_its_document(tmp_path):
    documents = made_up_documents(1, images=2)
    for (_, item), polygons in zip(items_of(documents[1]), ([], [[1, 2, 3, 4, 5, 6]]), strict=True):
        item["segmentation"] = polygons
    file = coco_file(write_files(tmp_path, **tables_of(documents)))
    assert [record["segmentation"] for record in file["annotations"][:2]] == [
        [],
        [[1, 2, 3, 4, 5, 6]],
    ]


def test_images_nobody_annotated_are_left_out(tmp_path):
    documents = made_up_documents(2, images=3)
    documents[2] = {"source": None, "pair_id": None, "width": 10, "height": 20}
    file = coco_file(write_files(tmp_path, **tables_of(documents)))
    assert [record["id"] for record in file["images"]] == [1, 3]


def test_a_split_of_nothing_but_empty_documents_is_a_whole_file(tmp_path):
    documents = {1: {"source": "user", "pair_id": 1, "width": 10, "height": 20}}
    file = coco_file(write_files(tmp_path, **tables_of(documents)))
    assert (len(file["images"]), file["annotations"], len(file["categories"])) == (1, [], 13)


def test_the_published_conversion_of_two_images_is_reproduced(tmp_path, real_data: Path):
    published = json.loads(
        (real_data / "deepfashion2/coco/train_000264_000265_coco.json").read_text()
    )
    documents = {}
    for image, record in zip(published["images"], published["annotations"], strict=True):
        x, y, w, h = record["bbox"]
        labels = {"style": record["style"], "category_name": "long sleeve dress"}
        labels |= {"category_id": record["category_id"], "segmentation": record["segmentation"]}
        labels |= dict.fromkeys(("scale", "viewpoint", "zoom_in", "occlusion"), 1)
        places = {"bounding_box": [x, y, x + w, y + h]}
        places["landmarks"] = record["keypoints"][3 * 219 : 3 * 256]
        documents[image["id"]] = {
            "item1": labels | places,
            "source": "shop",
            "pair_id": record["pair_id"],
            "width": image["width"],
            "height": image["height"],
        }
    file = coco_file(write_files(tmp_path, **tables_of(documents)))
    assert file["images"] == published["images"]
    for record, expected in zip(file["annotations"], published["annotations"], strict=True):
        expected.pop("images", None)  # a stray key of that one file
        assert record | {"id": expected["id"]} == expected
    assert [record["id"] for record in file["annotations"]] == [1, 2]
    assert file["categories"][10] == published["categories"][0]


def test_options_that_do_not_exist_are_refused_in_words():
    with pytest.raises(InputError, match="official or local"):
        CocoOptions(layout="mmpose")  # type: ignore[arg-type]
