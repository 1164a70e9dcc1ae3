-- Histograms of the boxes: covered area in twentieths, width by height in tenths.
--
-- The values of box_sizes before rounding, counted in bins that include their lower edge. The last
-- bin is open: from 0.95 of the picture, and from 3 times as wide as high. Empty bins have no row.
-- Boxes of zero width or height are not in a bin. Edges are rounded to 2 decimals.
--
-- reads     box_totals, categories
-- scope     whole
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

with flat as (
    select dataset, split, category_id, sum(flat_boxes) as flat_boxes
    from box_totals
    where measure = 'aspect'
    group by dataset, split, category_id
),

binned as (
    select dataset, split, category_id, measure, bin, sum(boxes) as boxes
    from box_totals
    where bin is not null
    group by dataset, split, category_id, measure, bin
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
    cast(binned.boxes as bigint) as boxes,
    cast(flat.flat_boxes as bigint) as flat_boxes
from binned
join flat using (dataset, split, category_id)
join categories using (dataset, category_id)
order by dataset, split, category_id, binned.measure, binned.bin
