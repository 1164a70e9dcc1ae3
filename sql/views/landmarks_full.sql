-- Landmarks with the columns of their types, items, images and categories.
--
-- A view: it has the rows of landmarks, in no certain order unless the statement that reads it
-- sorts them, and it is never stored.
--
-- reads     items_full, landmark_types, landmarks
-- grain     dataset, split, image_id, item_no, landmark_no
-- column    landmark_name, x, y, visibility, slot, mirror_no, sigma, edges_to
-- column    category_id, category_name, style, x1, y1, x2, y2, scale, occlusion, zoom_in, viewpoint
-- column    landmarks_visible, landmarks_occluded, polygon_count, document_order
-- column    file_name, annotated, width, height, orientation, format, byte_size, sha256
-- column    image_status, source, pair_id
-- column    coco_name, landmark_count

select
    dataset,
    split,
    image_id,
    item_no,
    landmark_no,
    landmarks.landmark_name,
    landmarks.x,
    landmarks.y,
    landmarks.visibility,
    landmark_types.slot,
    landmark_types.mirror_no,
    landmark_types.sigma,
    landmark_types.edges_to,
    category_id,
    items_full.category_name,
    items_full.style,
    items_full.x1,
    items_full.y1,
    items_full.x2,
    items_full.y2,
    items_full.scale,
    items_full.occlusion,
    items_full.zoom_in,
    items_full.viewpoint,
    items_full.landmarks_visible,
    items_full.landmarks_occluded,
    items_full.polygon_count,
    items_full.document_order,
    items_full.file_name,
    items_full.annotated,
    items_full.width,
    items_full.height,
    items_full.orientation,
    items_full.format,
    items_full.byte_size,
    items_full.sha256,
    items_full.image_status,
    items_full.source,
    items_full.pair_id,
    items_full.coco_name,
    items_full.landmark_count
from landmarks
left join items_full using (dataset, split, image_id, item_no)
left join landmark_types using (dataset, category_id, landmark_no)
order by dataset, split, image_id, item_no, landmark_no
