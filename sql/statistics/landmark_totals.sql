-- Counts of landmarks by category and landmark, and sums of their positions in the item's box.
--
-- The statistics landmark_visibility and mean_landmark_shape are computed from these numbers. The
-- position of a labelled landmark, visible or occluded, is relative to the box of its item: 0,0 is
-- the upper left corner, 1,1 the lower right. Where the source has no boxes, the bounds of the
-- item's labelled landmarks are used. In a box of zero width or height the position is undefined.
-- Positions are rounded to millionths of the box, so that sums are exact in any order; those
-- farther than 1000 boxes away count as 1000.
--
-- reads     items, landmarks
-- scope     sum
-- grain     dataset, split, category_id, landmark_no
-- column    landmark_no
-- column    items: items with a row for this landmark
-- column    visible: of these, visible
-- column    occluded: of these, labelled but hidden
-- column    unlabelled: of these, not labelled
-- column    flat_boxes: labelled landmarks in a box of zero width or height, without position
-- column    placed: labelled landmarks with a position
-- column    sum_x: sum of positions across the box, in millionths
-- column    sum_y: sum of positions down the box, in millionths
-- column    sum_xx: sum of squared positions across the box
-- column    sum_yy: sum of squared positions down the box

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

located as (
    select
        dataset,
        split,
        frames.category_id,
        landmarks.landmark_no,
        landmarks.visibility,
        landmarks.visibility in ('visible', 'occluded')
        and (frames.width = 0 or frames.height = 0) as flat,
        case
            when landmarks.visibility in ('visible', 'occluded')
                and frames.width > 0 and frames.height > 0
                then least(greatest((landmarks.x - frames.left_edge) / frames.width, -1000), 1000)
        end as x,
        case
            when landmarks.visibility in ('visible', 'occluded')
                and frames.width > 0 and frames.height > 0
                then least(greatest((landmarks.y - frames.top_edge) / frames.height, -1000), 1000)
        end as y
    from landmarks
    join frames using (dataset, split, image_id, item_no)
),

positions as (
    select
        dataset,
        split,
        category_id,
        landmark_no,
        visibility,
        flat,
        cast(floor(x * 1000000 + 0.5) as bigint) as x,
        cast(floor(y * 1000000 + 0.5) as bigint) as y
    from located
)

select
    dataset,
    split,
    category_id,
    landmark_no,
    count(*) as items,
    count(*) filter (where visibility = 'visible') as visible,
    count(*) filter (where visibility = 'occluded') as occluded,
    count(*) filter (where visibility = 'unlabelled') as unlabelled,
    count(*) filter (where flat) as flat_boxes,
    count(x) as placed,
    cast(coalesce(sum(x), 0) as bigint) as sum_x,
    cast(coalesce(sum(y), 0) as bigint) as sum_y,
    cast(coalesce(sum(cast(x * x as decimal(19, 0))), 0) as decimal(38, 0)) as sum_xx,
    cast(coalesce(sum(cast(y * y as decimal(19, 0))), 0) as decimal(38, 0)) as sum_yy
from positions
group by dataset, split, category_id, landmark_no
order by dataset, split, category_id, landmark_no
