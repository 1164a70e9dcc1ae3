"""The Croissant file beside the shards: JSON-LD that catalogues and loaders read (version 1.0)."""

from collections.abc import Sequence
from typing import Any

from flows.exports.training.card import title_of
from flows.exports.training.features import MEANINGS, Features
from flows.exports.training.record import ExportRecord
from schemas.datasets import DATASETS

Json = dict[str, Any]

CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The standard context; validators compare it."""

TYPES = {"string": "sc:Text", "float32": "sc:Float"}


def croissant(records: Sequence[ExportRecord]) -> Json:
    """The description of the exported splits of one folder: a file set and a record set each."""
    first = records[0]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{first.dataset}-{first.options['task']}",
        "description": f"{title_of(first)}: pictures with their annotations, as Parquet.",
        "license": DATASETS[first.dataset].terms,
        "citeAs": DATASETS[first.dataset].terms,
        "version": "1.0.0",
        "datePublished": first.created,
        "distribution": [_file_set(record) for record in records],
        "recordSet": [_record_set(record) for record in records],
    }


def _file_set(record: ExportRecord) -> Json:
    return {
        "@type": "cr:FileSet",
        "@id": f"{record.split}-files",
        "name": f"{record.split}-files",
        "description": f"The {len(record.shards)} shards of {record.split}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{record.split}-*.parquet",
    }


def _record_set(record: ExportRecord) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": record.split,
        "name": record.split,
        "description": f"{record.rows:,} rows of {record.split}.",
        "field": [
            _field(record.split, (name,), feature) for name, feature in record.features.items()
        ],
    }


def _field(split: str, path: tuple[str, ...], feature: Features) -> Json:
    name = "/".join((split, *path))
    field: Json = {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": MEANINGS[path[-1]],
    }
    if "_type" not in feature:
        inner = [_field(split, (*path, key), value) for key, value in feature.items()]
        return field | {"subField": inner}
    source: Json = {"fileSet": {"@id": f"{split}-files"}, "extract": {"column": path[0]}}
    inside = (*path[1:], "bytes") if feature["_type"] == "Image" else path[1:]
    if inside:
        source["transform"] = {"jsonPath": ".".join(inside)}
    field |= {"dataType": _data_type(feature), "source": source}
    return field | ({"repeated": True} if feature["_type"] == "Sequence" else {})


def _data_type(feature: Features) -> str:
    while feature["_type"] == "Sequence":
        feature = feature["feature"]
    if feature["_type"] == "Image":
        return "sc:ImageObject"
    return TYPES.get(feature.get("dtype", ""), "sc:Integer")
