-- Histograms of the boxes: covered area in twentieths, width by height in tenths.
--
-- The same values as box_sizes, counted in bins that hold their lower edge. The last bin is open:
-- from 0.95 of the picture, and from 3 times as wide as high. Empty bins have no row.
--
-- reads     images, items, categories
-- grain     dataset, split, category_id, measure, bin
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    category_id: the source's number
-- column    category_name: the name the annotation documents use
-- column    measure: `relative_area` (box by picture, 0 to 1) or `aspect` (width by height)
-- column    bin: number of the bin, from 0
-- column    lower: lower edge of the bin, part of it
-- column    upper: upper edge of the bin; null for the last, open one
-- column    boxes: boxes in it

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
    where items.x2 > items.x1 and items.y2 > items.y1
),

binned as (
    select
        dataset,
        split,
        category_id,
        'relative_area' as measure,
        least(cast(floor(box_width * box_height * 20 / picture_area) as integer), 19) as bin,
        count(*) as boxes
    from boxes
    where picture_area > 0
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
    group by dataset, split, category_id, bin
)

select
    dataset,
    binned.split,
    category_id,
    categories.category_name,
    binned.measure,
    binned.bin,
    round(binned.bin / case when binned.measure = 'aspect' then 10 else 20 end, 2) as lower,
    case
        when binned.bin = case when binned.measure = 'aspect' then 30 else 19 end then null
        else round((binned.bin + 1) / case when binned.measure = 'aspect' then 10 else 20 end, 2)
    end as upper,
    binned.boxes
from binned
join categories using (dataset, category_id)
order by dataset, binned.split, category_id, binned.measure, binned.bin
