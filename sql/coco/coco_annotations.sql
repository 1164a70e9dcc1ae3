-- Items of a split with their boxes, landmarks and polygons, in the order of the authors' COCO
-- ids: by image, then by document_order.
--
-- COCO requires a box for every item. Where the source has none, the box is the extent of the
-- labelled landmarks, and without labelled landmarks the whole picture (0 by 0 where its size is
-- unknown); `box_from` says which.
--
-- reads     images, items, landmarks, polygons
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- param     landmarks: flag; default true: whether landmarks are listed
-- param     polygons: flag; default true: whether polygons are read
-- grain     image_id, item_no
-- column    image_id, item_no, category_id, x1, y1, x2, y2
-- column    box_from: where the box comes from: `source`, `landmarks` or `picture`
-- column    style, pair_id, source, scale, occlusion, zoom_in, viewpoint
-- column    landmarks: its landmarks by number, labelled or not; null where none are listed
-- column    outlines: its polygons by number; null where none are read

with points as (
    select
        image_id,
        item_no,
        count(x) filter (where visibility <> 'unlabelled') as labelled,
        min(x) filter (where visibility <> 'unlabelled') as x1,
        min(y) filter (where visibility <> 'unlabelled') as y1,
        max(x) filter (where visibility <> 'unlabelled') as x2,
        max(y) filter (where visibility <> 'unlabelled') as y2,
        list_sort(
            list({'landmark_no': landmark_no, 'x': x, 'y': y, 'visibility': visibility})
                filter (where $landmarks)
        ) as landmarks
    from landmarks
    where dataset = $dataset
        and split = $split
        and image_id between $first_image_id and $last_image_id
    group by image_id, item_no
),

shapes as (
    select
        image_id,
        item_no,
        list_sort(list({'polygon_no': polygon_no, 'points': points})) as outlines
    from polygons
    where dataset = $dataset
        and split = $split
        and image_id between $first_image_id and $last_image_id
        and $polygons
    group by image_id, item_no
)

select
    items.image_id,
    items.item_no,
    items.category_id,
    coalesce(items.x1, points.x1, 0.0) as x1,
    coalesce(items.y1, points.y1, 0.0) as y1,
    coalesce(items.x2, points.x2, cast(images.width as double), 0.0) as x2,
    coalesce(items.y2, points.y2, cast(images.height as double), 0.0) as y2,
    case
        when items.x1 is not null then 'source'
        when points.labelled > 0 then 'landmarks'
        else 'picture'
    end as box_from,
    items.style,
    images.pair_id,
    images.source,
    items.scale,
    items.occlusion,
    items.zoom_in,
    items.viewpoint,
    points.landmarks,
    shapes.outlines
from items
join images using (dataset, split, image_id)
left join points
    on points.image_id = items.image_id
    and points.item_no = items.item_no
left join shapes
    on shapes.image_id = items.image_id
    and shapes.item_no = items.item_no
where items.dataset = $dataset
    and items.split = $split
    and items.image_id between $first_image_id and $last_image_id
    and images.annotated
order by items.image_id, items.document_order, items.item_no
