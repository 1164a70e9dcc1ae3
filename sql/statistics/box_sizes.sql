-- Boxes by category: how much of the picture they cover, and how wide they are for their height.
--
-- Quantiles, interpolated. Items without a box are left out, and for the covered area those in a
-- picture of unknown size. The bins of a histogram are the query box_size_bins.
--
-- reads     images, items, categories
-- grain     dataset, split, category_id, measure
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    category_id: the source's number
-- column    category_name: the name the annotation documents use
-- column    measure: `relative_area` (box by picture, 0 to 1) or `aspect` (width by height)
-- column    boxes: boxes measured
-- column    smallest: the smallest value
-- column    quantile_10: a tenth of the boxes lie below
-- column    quantile_25: a quarter of the boxes lie below
-- column    median: half of the boxes lie below
-- column    quantile_75: three quarters of the boxes lie below
-- column    quantile_90: nine tenths of the boxes lie below
-- column    largest: the largest value

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

measured as (
    select
        dataset,
        split,
        category_id,
        'relative_area' as measure,
        box_width * box_height / picture_area as value
    from boxes
    where picture_area > 0
    union all
    select dataset, split, category_id, 'aspect', box_width / box_height
    from boxes
)

select
    dataset,
    measured.split,
    category_id,
    categories.category_name,
    measured.measure,
    count(*) as boxes,
    round(min(measured.value), 4) as smallest,
    round(percentile_cont(0.10) within group (order by measured.value), 4) as quantile_10,
    round(percentile_cont(0.25) within group (order by measured.value), 4) as quantile_25,
    round(percentile_cont(0.50) within group (order by measured.value), 4) as median,
    round(percentile_cont(0.75) within group (order by measured.value), 4) as quantile_75,
    round(percentile_cont(0.90) within group (order by measured.value), 4) as quantile_90,
    round(max(measured.value), 4) as largest
from measured
join categories using (dataset, category_id)
group by dataset, measured.split, category_id, categories.category_name, measured.measure
order by dataset, measured.split, category_id, measured.measure
