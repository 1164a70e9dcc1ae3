"""The authors' lists: image records without annotations, retrieval queries and gallery."""

import json
from pathlib import Path

import pytest
from builders import items_of, made_up_documents, tables_of
from releases import files_in, write_files

from flows.exports.coco.layout import CocoOptions
from flows.pipelines.export import export_coco, export_information
from flows.release import Release
from schemas.errors import InputError


class Released(Release):
    """As much of a release as an export asks for."""

    def __init__(self, files):
        super().__init__(Path("release"))
        self._tables = files

    def tables(self):
        return self._tables

    def splits(self, table):
        folders = {path.parts[-3:-1] for path in self._tables[table]}
        return [tuple(step.partition("=")[2] for step in folder) for folder in folders]


@pytest.fixture
def documents():
    documents = made_up_documents(11, images=6)
    for number, document in documents.items():
        document["source"] = "user" if number <= 3 else "shop"
    documents[2]["item1"] = documents[1][next(key for key in documents[1] if key != "source")]
    return documents


@pytest.fixture
def release(tmp_path, documents):
    for split in ("validation", "train"):
        write_files(tmp_path / "lake", **tables_of(documents, split))
    return Released(files_in(tmp_path / "lake"))


def written(release, folder, **how):
    counts = export_information(release, "deepfashion2", split="validation", output=folder, **how)
    return counts, {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def test_lists_are_named_and_filled_as_the_authors_did(release, tmp_path, documents):
    counts, files = written(release, tmp_path / "out")
    assert (
        set(counts)
        == set(files)
        == {
            "keypoints_val_information.json",
            "retrieval_val_consumer_information.json",
            "retrieval_val_shop_information.json",
            "val_query.json",
            "val_gallery.json",
        }
    )
    everything = files["keypoints_val_information.json"]
    assert list(everything) == ["info", "licenses", "images", "categories"]
    assert everything["images"][0] == {
        "coco_url": "",
        "date_captured": "",
        "file_name": "000001.jpg",
        "flickr_url": "",
        "id": 1,
        "license": 0,
        "width": documents[1]["width"],
        "height": documents[1]["height"],
    }
    consumers = files["retrieval_val_consumer_information.json"]["images"]
    shops = files["retrieval_val_shop_information.json"]["images"]
    assert [image["id"] for image in consumers] == [1, 2, 3]
    assert [image["id"] for image in shops] == [4, 5, 6]


def test_queries_have_a_style_and_the_gallery_is_all_of_the_shops(release, tmp_path, documents):
    _, files = written(release, tmp_path / "out")

    def listed(source, side, labels):
        return [
            {f"{side}_image_id": number, "style": item["style"], "bbox": item["bounding_box"]}
            | {"pair_id": document["pair_id"]}
            | ({"cls": item["category_id"]} if labels else {})
            for number, document in documents.items()
            if document["source"] == source
            for _, item in sorted(items_of(document), key=lambda pair: pair[0])
        ]

    queries, gallery = listed("user", "query", True), listed("shop", "gallery", False)
    assert files["val_query.json"] == [query for query in queries if query["style"] > 0]
    assert files["val_gallery.json"] == gallery
    assert any(item["style"] == 0 for item in (*queries, *gallery))


@pytest.mark.slow
def test_records_have_the_keys_of_the_published_ground_truth(release, tmp_path, real_data):
    _, files = written(release, tmp_path / "out")
    published = real_data / "deepfashion2/retrieval_val_2019_01"
    for name, published_name in (
        ("val_query.json", "query_gt.json"),
        ("val_gallery.json", "gallery_gt.json"),
    ):
        example = json.loads((published / published_name).read_text())[0]
        assert set(files[name][0]) == set(example)


@pytest.mark.slow
def test_a_list_asked_for_by_name_that_would_be_empty_is_refused(tmp_path):
    document = {"source": None, "pair_id": None, "width": 10, "height": 20}
    tables = tables_of({1: document}, split="validation")
    release = Released(write_files(tmp_path / "lake", **tables))
    counts, _ = written(release, tmp_path / "all")
    assert counts == {"keypoints_val_information.json": 1}
    with pytest.raises(InputError, match="nothing to list in shop"):
        written(release, tmp_path / "one", files=["shop"])
    with pytest.raises(InputError, match="unknown list 'shops'"):
        written(release, tmp_path / "one", files=["shops"])


@pytest.mark.slow
def test_pictures_of_unknown_size_are_refused_unless_allowed(tmp_path, documents):
    documents[3] |= {"width": None, "height": None}
    release = Released(write_files(tmp_path / "lake", **tables_of(documents)))
    how = {"split": "train", "output": tmp_path / "x.json", "options": CocoOptions()}
    with pytest.raises(InputError, match="1 of 6 images of deepfashion2 train have no known width"):
        export_coco(release, "deepfashion2", **how)
    assert not (tmp_path / "x.json").exists()
    progress = []
    counts = export_coco(
        release,
        "deepfashion2",
        **how,
        allow_unknown_size=True,
        on_progress=lambda what, done, total: progress.append((what, done, total)),
    )
    assert counts.images == 6 and progress == [("images", 6, 6)]
    file = json.loads((tmp_path / "x.json").read_text())
    assert "width" not in file["images"][2] and "width" in file["images"][1]


@pytest.mark.slow
def test_a_split_that_is_not_there_is_refused_in_words(release, tmp_path):
    how = {"output": tmp_path / "x.json", "options": CocoOptions()}
    with pytest.raises(InputError, match="does not have deepfashion2 test: it has"):
        export_coco(release, "deepfashion2", split="test", **how)
    with pytest.raises(InputError, match="does not have deepfashion2 test: it has"):
        export_information(release, "deepfashion2", split="test", output=tmp_path / "none")


def test_a_task_without_annotations_is_refused(tmp_path):
    document = {"source": "user", "pair_id": 1, "width": 10, "height": 20}
    release = Released(write_files(tmp_path / "lake", **tables_of({1: document})))
    with pytest.raises(InputError, match="no annotations for the task landmarks"):
        export_coco(
            release,
            "deepfashion2",
            split="train",
            output=tmp_path / "x.json",
            options=CocoOptions(task="landmarks"),
        )
