-- Sizes of boxes by category: share of the picture, and width by height.
--
-- A quantile is the smallest value with at least that share of the boxes at or below it. Values are
-- rounded to 4 decimals. Items without a box are excluded, and for the covered area those in a
-- picture of unknown size. Boxes of zero width or height are counted, not measured. The statistic
-- box_size_bins has the histogram.
--
-- reads     box_totals, categories
-- scope     whole
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

with ranked as (
    select
        dataset,
        split,
        category_id,
        measure,
        value,
        boxes,
        flat_boxes,
        sum(case when value is not null then boxes end) over (
            partition by dataset, split, category_id, measure
            order by bin nulls last, value
        ) as position,
        sum(case when value is not null then boxes end) over (
            partition by dataset, split, category_id, measure
        ) as measured
    from box_totals
)

select
    dataset,
    ranked.split,
    category_id,
    categories.category_name,
    ranked.measure,
    cast(coalesce(sum(case when ranked.value is not null then ranked.boxes end), 0) as bigint)
        as boxes,
    cast(sum(ranked.flat_boxes) as bigint) as flat_boxes,
    min(ranked.value) as smallest,
    min(case when ranked.position >= 0.10 * ranked.measured then ranked.value end) as quantile_10,
    min(case when ranked.position >= 0.25 * ranked.measured then ranked.value end) as quantile_25,
    min(case when ranked.position >= 0.50 * ranked.measured then ranked.value end) as median,
    min(case when ranked.position >= 0.75 * ranked.measured then ranked.value end) as quantile_75,
    min(case when ranked.position >= 0.90 * ranked.measured then ranked.value end) as quantile_90,
    max(ranked.value) as largest
from ranked
join categories using (dataset, category_id)
group by dataset, ranked.split, category_id, categories.category_name, ranked.measure
order by dataset, ranked.split, category_id, ranked.measure
