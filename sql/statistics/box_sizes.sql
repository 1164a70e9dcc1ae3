-- Sizes of boxes by category: share of the picture, and width by height.
--
-- A quantile is the smallest value with at least that share of the boxes at or below it. Values are
-- rounded to 4 decimals. Items without a box are excluded, and for the covered area those in a
-- picture of unknown size. Boxes of zero width or height are counted, not measured. The statistic
-- box_size_bins has the histogram.
--
-- reads     images, items, categories
-- grain     dataset, split, category_id, measure
-- column    category_name
-- column    measure: `relative_area` (box by picture, 0 to 1) or `aspect` (width by height)
-- column    boxes: boxes measured
-- column    flat_boxes: boxes of zero width or height, not measured; the same for both measures
-- column    smallest: the smallest value; this and the following are null where boxes is 0
-- column    quantile_10: 10 % of the boxes are not larger
-- column    quantile_25: 25 % of the boxes are not larger
-- column    median: 50 % of the boxes are not larger
-- column    quantile_75: 75 % of the boxes are not larger
-- column    quantile_90: 90 % of the boxes are not larger
-- column    largest: the largest value
-- unit      share: smallest, quantile_10, quantile_25, median, quantile_75, quantile_90,
--           largest if measure=relative_area

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
        end as value
    from boxes
    union all
    select
        dataset,
        split,
        category_id,
        'aspect',
        box_width = 0 or box_height = 0,
        case when box_width > 0 and box_height > 0 then box_width / box_height end
    from boxes
),

ranked as (
    select
        dataset,
        split,
        category_id,
        measure,
        flat,
        value,
        row_number() over (
            partition by dataset, split, category_id, measure
            order by value nulls last
        ) as position,
        count(value) over (partition by dataset, split, category_id, measure) as boxes
    from measured
)

select
    dataset,
    ranked.split,
    category_id,
    categories.category_name,
    ranked.measure,
    count(ranked.value) as boxes,
    count(*) filter (where ranked.flat) as flat_boxes,
    round(min(ranked.value), 4) as smallest,
    round(min(case when ranked.position >= 0.10 * ranked.boxes then ranked.value end), 4)
        as quantile_10,
    round(min(case when ranked.position >= 0.25 * ranked.boxes then ranked.value end), 4)
        as quantile_25,
    round(min(case when ranked.position >= 0.50 * ranked.boxes then ranked.value end), 4)
        as median,
    round(min(case when ranked.position >= 0.75 * ranked.boxes then ranked.value end), 4)
        as quantile_75,
    round(min(case when ranked.position >= 0.90 * ranked.boxes then ranked.value end), 4)
        as quantile_90,
    round(max(ranked.value), 4) as largest
from ranked
join categories using (dataset, category_id)
group by dataset, ranked.split, category_id, categories.category_name, ranked.measure
order by dataset, ranked.split, category_id, ranked.measure
