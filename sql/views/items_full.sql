-- Items with the columns of their images and categories.
--
-- A view: it has the rows of items, in no certain order unless the statement that reads it sorts
-- them, and it is never stored. The name of the category is that of the item's own document.
--
-- reads     categories, images, items
-- grain     dataset, split, image_id, item_no
-- column    category_id, category_name, style, x1, y1, x2, y2, scale, occlusion, zoom_in, viewpoint
-- column    landmarks_visible, landmarks_occluded, polygon_count, document_order
-- column    file_name, annotated, width, height, orientation, format, byte_size, sha256
-- column    image_status, source, pair_id
-- column    coco_name, landmark_count

select
    dataset,
    split,
    image_id,
    items.item_no,
    category_id,
    items.category_name,
    items.style,
    items.x1,
    items.y1,
    items.x2,
    items.y2,
    items.scale,
    items.occlusion,
    items.zoom_in,
    items.viewpoint,
    items.landmarks_visible,
    items.landmarks_occluded,
    items.polygon_count,
    items.document_order,
    images.file_name,
    images.annotated,
    images.width,
    images.height,
    images.orientation,
    images.format,
    images.byte_size,
    images.sha256,
    images.image_status,
    images.source,
    images.pair_id,
    categories.coco_name,
    categories.landmark_count
from items
left join images using (dataset, split, image_id)
left join categories using (dataset, category_id)
order by dataset, split, image_id, item_no
