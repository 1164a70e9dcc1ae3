-- Outcomes of retrieval: for each consumers' item the rank of its first right answer, or the reason.
--
-- The rule of the authors' script. A detection is assigned to the item of its image with the
-- highest IoU, however low, the first of the document on a tie; items without a style take part.
-- Queries are the items with a style above zero. Of the detections assigned to a query that have
-- its category, the one with the highest score is judged, the first on a tie. It is a hit at rank
-- k if its k-th gallery box has an IoU of at least 0.5 with a shop's item of the same pair_id and
-- style. The category of gallery boxes does not matter. Boxes are compared as x, y, width, height.
--
-- reads     images, items, query_detections, gallery_detections
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     min_identical: integer; default 0: queries have at least so many items with their
--           pair_id and style in the gallery; other items are not judged
-- grain     image_id, item_no
-- column    category_id, pair_id, style, scale, occlusion, zoom_in, viewpoint
-- column    row: the record that is judged; null where none is
-- column    rank: rank of the first right answer, from 1; null where there is none
-- column    outcome: `hit`, or why the query missed; null for items that are not queries
-- column    has_detections: whether any record is for the image
-- column    identical: items with its pair_id and style in the gallery

with annotated as (
    select
        items.image_id,
        items.item_no,
        items.document_order,
        items.category_id,
        images.source,
        images.pair_id,
        items.style,
        items.scale,
        items.occlusion,
        items.zoom_in,
        items.viewpoint,
        items.x1,
        items.y1,
        items.x2 - items.x1 as width,
        items.y2 - items.y1 as height
    from items
    join images using (dataset, split, image_id)
    where items.dataset = $dataset
        and items.split = $split
),

boxes as (
    select row, 0 as rank, image_id, item_no, x1, y1, x2 - x1 as width, y2 - y1 as height
    from query_detections
    union all
    select row, rank, image_id, null as item_no, x1, y1, x2 - x1 as width, y2 - y1 as height
    from gallery_detections
),

box_overlaps as (
    select
        row,
        rank,
        image_id,
        item_no,
        coalesce(shared / nullif(areas - shared, 0), 0) as iou
    from (
        select
            boxes.row,
            boxes.rank,
            annotated.image_id,
            annotated.item_no,
            greatest(
                least(boxes.x1 + boxes.width, annotated.x1 + annotated.width)
                - greatest(boxes.x1, annotated.x1),
                0
            ) * greatest(
                least(boxes.y1 + boxes.height, annotated.y1 + annotated.height)
                - greatest(boxes.y1, annotated.y1),
                0
            ) as shared,
            boxes.width * boxes.height + annotated.width * annotated.height as areas
        from boxes
        join annotated on annotated.image_id = boxes.image_id
            and annotated.item_no = coalesce(boxes.item_no, annotated.item_no)
            and annotated.source = case when boxes.rank = 0 then 'user' else 'shop' end
    ) as compared
),

judged as (
    select
        assigned.row,
        annotated.image_id,
        annotated.item_no,
        annotated.pair_id,
        annotated.style,
        annotated.category_id = query_detections.category_id as same_category
    from (
        select row, image_id, item_no
        from box_overlaps
        join annotated using (image_id, item_no)
        where rank = 0
        qualify row_number() over (partition by row order by iou desc, document_order, item_no) = 1
    ) as assigned
    join annotated using (image_id, item_no)
    join query_detections on query_detections.row = assigned.row
    qualify row_number() over (
        partition by annotated.image_id, annotated.item_no
        order by same_category desc, query_detections.score desc, assigned.row
    ) = 1
),

answered as (
    select
        judged.row,
        min(case when box_overlaps.iou >= 0.5 then box_overlaps.rank end) as rank
    from judged
    join box_overlaps on box_overlaps.row = judged.row and box_overlaps.rank > 0
    join annotated on annotated.image_id = box_overlaps.image_id
        and annotated.item_no = box_overlaps.item_no
        and annotated.pair_id = judged.pair_id
        and annotated.style = judged.style
    where judged.same_category
    group by judged.row
)

select
    annotated.image_id,
    annotated.item_no,
    annotated.category_id,
    annotated.pair_id,
    annotated.style,
    annotated.scale,
    annotated.occlusion,
    annotated.zoom_in,
    annotated.viewpoint,
    case when judged.same_category and annotated.style > 0 then judged.row end as row,
    case when annotated.style > 0 then answered.rank end as rank,
    case
        when annotated.style is null or annotated.style <= 0 then null
        when coalesce(gallery.identical, 0) < $min_identical then null
        when judged.row is null then 'not detected'
        when not judged.same_category then 'wrong category'
        when answered.row is null then 'not in the list'
        when answered.rank is null then 'gallery box too far'
        else 'hit'
    end as outcome,
    detected.image_id is not null as has_detections,
    coalesce(gallery.identical, 0) as identical
from annotated
left join judged using (image_id, item_no)
left join answered on answered.row = judged.row
left join (select distinct image_id from query_detections) as detected
    on detected.image_id = annotated.image_id
left join (
    select pair_id, style, count(*) as identical
    from annotated
    where source = 'shop'
    group by pair_id, style
) as gallery on gallery.pair_id = annotated.pair_id and gallery.style = annotated.style
where annotated.source = 'user'
order by image_id, item_no
