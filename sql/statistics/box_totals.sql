-- Counts of boxes by category and size: share of the picture, and width by height.
--
-- The statistics box_sizes and box_size_bins are computed from these numbers. A value below a
-- million is rounded to 4 decimals (engines round larger ones differently); its bin is that before
-- rounding. Items without a box are excluded. Boxes of zero width or height have no value, nor has
-- the covered area in a picture of unknown size.
--
-- reads     images, items
-- scope     sum
-- grain     dataset, split, category_id, measure, bin, value
-- column    measure: `relative_area` (box by picture, 0 to 1) or `aspect` (width by height)
-- column    bin: twentieth of the area, or tenth of the aspect, from 0; the last bin is open
-- column    value: the value, rounded to 4 decimals
-- column    boxes: boxes with that value
-- column    flat_boxes: of these, boxes of zero width or height

with boxes as (
    select
        dataset,
        split,
        items.category_id,
        items.x2 - items.x1 as box_width,
        items.y2 - items.y1 as box_height,
        cast(images.width as bigint) * images.height as picture_area
    from items
    join images using (dataset, split, image_id)
    where items.x1 is not null
),

measured as (
    select
        dataset,
        split,
        category_id,
        'relative_area' as measure,
        box_width = 0 or box_height = 0 as flat,
        case
            when box_width > 0 and box_height > 0 and picture_area > 0
                then box_width * box_height / picture_area
        end as value,
        case
            when box_width > 0 and box_height > 0 and picture_area > 0
                then floor(least(box_width * box_height * 20 / picture_area, 19))
        end as bin
    from boxes
    union all
    select
        dataset,
        split,
        category_id,
        'aspect',
        box_width = 0 or box_height = 0,
        case when box_width > 0 and box_height > 0 then box_width / box_height end,
        case
            when box_width > 0 and box_height > 0 then floor(least(box_width * 10 / box_height, 30))
        end
    from boxes
),

rounded as (
    select
        dataset,
        split,
        category_id,
        measure,
        cast(bin as integer) as bin,
        case when value < 1000000 then round(value, 4) else value end as value,
        flat
    from measured
)

select
    dataset,
    split,
    category_id,
    measure,
    bin,
    value,
    count(*) as boxes,
    count(*) filter (where flat) as flat_boxes
from rounded
group by dataset, split, category_id, measure, bin, value
order by dataset, split, category_id, measure, bin nulls first, value nulls first
