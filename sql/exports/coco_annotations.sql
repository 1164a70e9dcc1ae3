-- Items of a split with their boxes, in the order of the authors' COCO ids: by image, then by
-- document_order.
--
-- COCO requires a box for every item. Where the source has none, the box is the extent of the
-- labelled landmarks, and without labelled landmarks the whole picture (0 by 0 where its size is
-- unknown); `box_from` says which.
--
-- reads     images, items, landmarks
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id, item_no
-- column    image_id, item_no, category_id, x1, y1, x2, y2
-- column    box_from: where the box comes from: `source`, `landmarks` or `picture`
-- column    style, pair_id, source, scale, occlusion, zoom_in, viewpoint, polygon_count

with boxed as (
    select
        image_id,
        item_no,
        'source' as box_from,
        x1,
        y1,
        x2,
        y2
    from items
    where dataset = $dataset
        and split = $split
        and image_id between $first_image_id and $last_image_id
        and x1 is not null
),

unboxed as (
    select
        items.image_id,
        items.item_no,
        case when count(landmarks.x) > 0 then 'landmarks' else 'picture' end as box_from,
        min(landmarks.x) as x1,
        min(landmarks.y) as y1,
        max(landmarks.x) as x2,
        max(landmarks.y) as y2
    from items
    left join landmarks
        on landmarks.dataset = items.dataset
        and landmarks.split = items.split
        and landmarks.image_id = items.image_id
        and landmarks.item_no = items.item_no
        and landmarks.visibility <> 'unlabelled'
    where items.dataset = $dataset
        and items.split = $split
        and items.image_id between $first_image_id and $last_image_id
        and items.x1 is null
    group by items.image_id, items.item_no
),

boxes as (
    select image_id, item_no, box_from, x1, y1, x2, y2
    from boxed
    union all
    select image_id, item_no, box_from, x1, y1, x2, y2
    from unboxed
)

select
    items.image_id,
    items.item_no,
    items.category_id,
    coalesce(boxes.x1, 0.0) as x1,
    coalesce(boxes.y1, 0.0) as y1,
    coalesce(boxes.x2, cast(images.width as double), 0.0) as x2,
    coalesce(boxes.y2, cast(images.height as double), 0.0) as y2,
    boxes.box_from,
    items.style,
    images.pair_id,
    images.source,
    items.scale,
    items.occlusion,
    items.zoom_in,
    items.viewpoint,
    items.polygon_count
from items
join images using (dataset, split, image_id)
join boxes
    on boxes.image_id = items.image_id
    and boxes.item_no = items.item_no
where items.dataset = $dataset
    and items.split = $split
    and items.image_id between $first_image_id and $last_image_id
    and images.annotated
order by items.image_id, items.document_order, items.item_no
