-- Boxes of retrieval records that cannot be judged, each with what is wrong.
--
-- A query is in a consumer's photo of the split, a gallery item in a shop's. Where the predictions
-- are said to be for annotated boxes, each box is that of an item, to half a pixel.
--
-- reads     images, items, query_detections, gallery_detections
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     truth_boxes: flag; default false: whether boxes have to be those of items
-- grain     row, rank
-- column    row
-- column    rank: place in the list of the record, from 1; 0: the query
-- column    image_id
-- column    problem: `unknown image`, `wrong source` or `not annotated`

with boxes as (
    select row, 0 as rank, image_id, x1, y1, x2, y2
    from query_detections
    union all
    select row, rank, image_id, x1, y1, x2, y2
    from gallery_detections
),

compared as (
    select
        boxes.row,
        boxes.rank,
        boxes.image_id,
        case
            when images.image_id is null then 'unknown image'
            when images.source is distinct from case when rank = 0 then 'user' else 'shop' end
                then 'wrong source'
            when $truth_boxes and items.image_id is null then 'not annotated'
        end as problem
    from boxes
    left join images on images.image_id = boxes.image_id
        and images.dataset = $dataset
        and images.split = $split
    left join items on items.image_id = boxes.image_id
        and items.dataset = $dataset
        and items.split = $split
        and abs(items.x1 - boxes.x1) < 0.5
        and abs(items.y1 - boxes.y1) < 0.5
        and abs(items.x2 - boxes.x2) < 0.5
        and abs(items.y2 - boxes.y2) < 0.5
)

select
    row,
    rank,
    image_id,
    problem
from compared
where problem is not null
order by row, rank
