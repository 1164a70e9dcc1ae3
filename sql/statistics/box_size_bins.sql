-- Histograms of the boxes: covered area in twentieths, width by height in tenths.
--
-- The values of box_sizes before rounding, counted in bins that include their lower edge. The last
-- bin is open: from 0.95 of the picture, and from 3 times as wide as high. Empty bins have no row.
-- Boxes of zero width or height are not in a bin. Edges are rounded to 2 decimals.
--
-- reads     images, items, categories
-- grain     dataset, split, category_id, measure, bin
-- column    category_name
-- column    measure: `relative_area` (box by picture, 0 to 1) or `aspect` (width by height)
-- column    bin: number of the bin, from 0
-- column    lower: lower edge of the bin, included
-- column    upper: upper edge of the bin; null for the last, open one
-- column    boxes: boxes in it
-- column    flat_boxes: boxes of zero width or height of the category, in no bin; the same in all
--           rows of the category
-- unit      share: lower, upper if measure=relative_area
-- plot      histogram x=lower x2=upper y=boxes facet=category_name group=measure

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

flat as (
    select
        dataset,
        split,
        category_id,
        count(*) filter (where box_width = 0 or box_height = 0) as flat_boxes
    from boxes
    group by dataset, split, category_id
),

binned as (
    select
        dataset,
        split,
        category_id,
        'relative_area' as measure,
        cast(floor(least(box_width * box_height * 20 / picture_area, 19)) as integer) as bin,
        count(*) as boxes
    from boxes
    where box_width > 0 and box_height > 0 and picture_area > 0
    group by dataset, split, category_id, bin
    union all
    select
        dataset,
        split,
        category_id,
        'aspect',
        cast(floor(least(box_width * 10 / box_height, 30)) as integer) as bin,
        count(*)
    from boxes
    where box_width > 0 and box_height > 0
    group by dataset, split, category_id, bin
)

select
    dataset,
    split,
    category_id,
    categories.category_name,
    binned.measure,
    binned.bin,
    round(binned.bin / case when binned.measure = 'aspect' then 10 else 20 end, 2) as lower,
    case
        when binned.bin = case when binned.measure = 'aspect' then 30 else 19 end then null
        else round((binned.bin + 1) / case when binned.measure = 'aspect' then 10 else 20 end, 2)
    end as upper,
    binned.boxes,
    flat.flat_boxes
from binned
join flat using (dataset, split, category_id)
join categories using (dataset, category_id)
order by dataset, split, category_id, binned.measure, binned.bin
