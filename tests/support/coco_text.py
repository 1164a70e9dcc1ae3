"""A split in a COCO file, made as the pipeline makes it, but without a release."""

import io
import json

from flows.exports.coco.layout import CocoOptions
from flows.exports.coco.writer import write_coco
from flows.pipelines.slices import ExportTotals, split_batches
from flows.warehouse import open_warehouse, run_query

OFFICIAL = CocoOptions()


def coco_text(
    files, options=OFFICIAL, *, dataset="deepfashion2", split="train", images=4096
) -> bytes:
    """A split as the bytes of a COCO file, asked for in runs of so many images."""
    sink = io.BytesIO()
    with open_warehouse(files, threads=1) as con:
        chosen = {"dataset": dataset, "split": split}
        totals = ExportTotals(**run_query(con, "coco_totals", chosen).to_pylist()[0])
        write_coco(
            sink,
            run_query(con, "coco_categories", {"dataset": dataset}),
            images=run_query(con, "coco_images", chosen).to_batches(max_chunksize=2),
            items=(items for _, items in split_batches(con, totals, images=images)),
            options=options,
            outlined=totals.polygons > 0,
        )
    return sink.getvalue()


def coco_file(files, options=OFFICIAL, **how) -> dict:
    """The same, read back."""
    return json.loads(coco_text(files, options, **how))
