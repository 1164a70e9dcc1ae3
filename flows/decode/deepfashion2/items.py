"""DeepFashion2 items as columns: documents' items in, one array of schemas.annotation.ITEM out.

An annotation holds hundreds of numbers. They go straight into typed buffers, so no Python object
per landmark outlives its document.
"""

from array import array

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.decode.batch import landmark_lists, lists_of
from flows.decode.deepfashion2.documents import NumberedItem
from schemas.annotation import ITEM, POLYGON
from schemas.vocabulary import DEEPFASHION2_CODES, DEEPFASHION2_VISIBILITY


class ItemBuffers:
    """Buffers of item columns; `append` adds a document's items in their order."""

    def __init__(self) -> None:
        self.item_no = array("h")
        self.document_order = array("h")
        self.category_id = array("h")
        self.style = array("i")
        self.boxes = array("d")
        self.category_name: list[str] = []
        self.labels: dict[str, list[str]] = {name: [] for name in DEEPFASHION2_CODES}
        self.landmarks = array("d")  # x, y, v of all items, one after another
        self.landmark_counts = array("i")
        self.points = array("d")  # x, y of all polygons, one after another
        self.point_counts = array("i")  # numbers per polygon
        self.polygon_counts = array("i")  # polygons per item

    def append(self, items: list[NumberedItem]) -> None:
        """Add valid items: their codes are documented and their landmarks are triples."""
        for item_no, document_order, item in items:
            self.item_no.append(item_no)
            self.document_order.append(document_order)
            self.category_id.append(item.category_id)
            self.style.append(item.style)
            self.boxes.extend(item.bounding_box)
            self.category_name.append(item.category_name)
            for name, words in DEEPFASHION2_CODES.items():
                self.labels[name].append(words[getattr(item, name)])
            self.landmarks.fromlist(item.landmarks)
            self.landmark_counts.append(len(item.landmarks) // 3)
            self.polygon_counts.append(len(item.segmentation))
            for polygon in item.segmentation:
                self.points.fromlist(polygon)
                self.point_counts.append(len(polygon))

    def finish(self) -> pa.StructArray:
        """All items as one array of schemas.annotation.ITEM, in the order they were added."""
        item_no = pa.array(np.asarray(self.item_no, np.int16))
        boxes = np.asarray(self.boxes).reshape(-1, 4).T
        columns = {
            "item_no": item_no,
            "document_order": np.asarray(self.document_order, np.int16),
            "place": pc.binary_join_element_wise("$.item", item_no.cast(pa.string()), ""),
            "category_id": np.asarray(self.category_id, np.int16),
            "category_name": self.category_name,
            "style": np.asarray(self.style, np.int32),
            **dict(zip(("x1", "y1", "x2", "y2"), boxes, strict=True)),
            **self.labels,
            # Only 0, 0, 0 loses its coordinates: the README of the data set says that v 0 means not
            # labelled, not that x and y mean nothing.
            "landmarks": landmark_lists(
                np.asarray(self.landmarks).reshape(-1, 3),
                self.landmark_counts,
                DEEPFASHION2_VISIBILITY,
                absent=(0, 0, 0),
            ),
            "polygons": self._polygons(),
        }
        return pa.StructArray.from_arrays(
            [pa.array(columns[field.name], field.type) for field in ITEM], fields=list(ITEM)
        )

    def _polygons(self) -> pa.ListArray:
        points = lists_of(self.point_counts, pa.array(np.asarray(self.points, np.float64)), POLYGON)
        return lists_of(self.polygon_counts, points, ITEM.field("polygons").type)
