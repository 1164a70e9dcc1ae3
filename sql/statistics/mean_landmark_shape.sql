-- Mean shape of a category: the average positions of its landmarks in the item's box.
--
-- The position of a labelled landmark, visible or occluded, is relative to the box of its item: 0,0
-- is the upper left corner, 1,1 the lower right. Where the source has no boxes, the bounds of the
-- item's labelled landmarks are used. In a box of zero width or height the position is undefined:
-- such landmarks are counted, not averaged. Positions and spreads are rounded to 4 decimals. All
-- splits are taken together.
--
-- reads     items, landmarks, landmark_types, categories
-- grain     dataset, category_id, landmark_no
-- column    category_name, landmark_no, landmark_name
-- column    landmarks: labelled landmarks averaged
-- column    flat_boxes: labelled landmarks in a box of zero width or height, not averaged
-- column    mean_x: mean position across the box, 0 left to 1 right; can exceed that range;
--           this and the following columns are null where landmarks is 0
-- column    mean_y: mean position down the box, 0 top to 1 bottom; can exceed that range
-- column    spread_x: standard deviation across; null for a single landmark
-- column    spread_y: standard deviation down; null for a single landmark

with bounds as (
    select
        dataset,
        split,
        image_id,
        item_no,
        min(landmarks.x) as x1,
        min(landmarks.y) as y1,
        max(landmarks.x) as x2,
        max(landmarks.y) as y2
    from landmarks
    join items using (dataset, split, image_id, item_no)
    where items.x1 is null and landmarks.visibility in ('visible', 'occluded')
    group by dataset, split, image_id, item_no
),

frames as (
    select
        dataset,
        split,
        image_id,
        item_no,
        items.category_id,
        coalesce(items.x1, bounds.x1) as left_edge,
        coalesce(items.y1, bounds.y1) as top_edge,
        coalesce(items.x2 - items.x1, bounds.x2 - bounds.x1) as width,
        coalesce(items.y2 - items.y1, bounds.y2 - bounds.y1) as height
    from items
    left join bounds using (dataset, split, image_id, item_no)
),

placed as (
    select
        dataset,
        frames.category_id,
        landmarks.landmark_no,
        frames.width = 0 or frames.height = 0 as flat,
        case
            when frames.width > 0 and frames.height > 0
                then (landmarks.x - frames.left_edge) / frames.width
        end as x,
        case
            when frames.width > 0 and frames.height > 0
                then (landmarks.y - frames.top_edge) / frames.height
        end as y
    from landmarks
    join frames using (dataset, split, image_id, item_no)
    where landmarks.visibility in ('visible', 'occluded')
)

select
    dataset,
    category_id,
    categories.category_name,
    landmark_no,
    landmark_types.landmark_name,
    count(placed.x) as landmarks,
    count(*) filter (where placed.flat) as flat_boxes,
    round(avg(placed.x), 4) as mean_x,
    round(avg(placed.y), 4) as mean_y,
    round(stddev_samp(placed.x), 4) as spread_x,
    round(stddev_samp(placed.y), 4) as spread_y
from placed
join landmark_types using (dataset, category_id, landmark_no)
join categories using (dataset, category_id)
group by
    dataset, category_id, categories.category_name, landmark_no, landmark_types.landmark_name
order by dataset, category_id, landmark_no
