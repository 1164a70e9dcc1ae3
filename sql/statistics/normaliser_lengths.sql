-- Lengths by which FashionAI normalises its error.
--
-- The distance between the armpits (blouse, outwear, dress) or between the ends of the waistband
-- (trousers, skirt), where both are labelled, visible or not. A category has one of these pairs
-- of key points, never both. Items of a list without answers are excluded. A quantile is the
-- smallest length with at least that share of the items at or below it. Lengths are rounded to 2
-- decimals.
--
-- reads     items, landmarks, categories
-- scope     whole
-- grain     dataset, split, category_id
-- column    category_name
-- column    items: items with key points
-- column    measured: items with both ends labelled
-- column    one_end_absent: items with one end labelled
-- column    both_ends_absent: items with neither end labelled
-- column    crossed: items whose left end is to the right of the right end
-- column    shortest: the shortest length, in pixels
-- column    quantile_10: 10 % of the lengths are not longer
-- column    median: 50 % of the lengths are not longer
-- column    quantile_90: 90 % of the lengths are not longer
-- column    longest: the longest length, in pixels
-- unit      px: shortest, quantile_10, median, quantile_90, longest

with ends as (
    select
        dataset,
        split,
        image_id,
        item_no,
        max(x) filter (where landmark_name like '%left' and visibility <> 'unlabelled') as left_x,
        max(y) filter (where landmark_name like '%left' and visibility <> 'unlabelled') as left_y,
        max(x) filter (where landmark_name like '%right' and visibility <> 'unlabelled') as right_x,
        max(y) filter (where landmark_name like '%right' and visibility <> 'unlabelled') as right_y
    from landmarks
    where dataset = 'fashionai'
        and landmark_name in ('armpit_left', 'armpit_right', 'waistband_left', 'waistband_right')
    group by dataset, split, image_id, item_no
),

lengths as (
    select
        dataset,
        split,
        items.category_id,
        ends.left_x,
        ends.right_x,
        sqrt(
            (ends.left_x - ends.right_x) * (ends.left_x - ends.right_x)
            + (ends.left_y - ends.right_y) * (ends.left_y - ends.right_y)
        ) as length
    from ends
    join items using (dataset, split, image_id, item_no)
),

ranked as (
    select
        dataset,
        split,
        category_id,
        left_x,
        right_x,
        length,
        row_number() over (
            partition by dataset, split, category_id
            order by length nulls last
        ) as position,
        count(length) over (partition by dataset, split, category_id) as measured
    from lengths
)

select
    dataset,
    ranked.split,
    category_id,
    categories.category_name,
    count(*) as items,
    count(ranked.length) as measured,
    count(*) filter (where (ranked.left_x is null) <> (ranked.right_x is null))
        as one_end_absent,
    count(*) filter (where ranked.left_x is null and ranked.right_x is null)
        as both_ends_absent,
    count(*) filter (where ranked.left_x > ranked.right_x) as crossed,
    round(min(ranked.length), 2) as shortest,
    round(min(case when ranked.position >= 0.1 * ranked.measured then ranked.length end), 2)
        as quantile_10,
    round(min(case when ranked.position >= 0.5 * ranked.measured then ranked.length end), 2)
        as median,
    round(min(case when ranked.position >= 0.9 * ranked.measured then ranked.length end), 2)
        as quantile_90,
    round(max(ranked.length), 2) as longest
from ranked
join categories using (dataset, category_id)
group by dataset, ranked.split, category_id, categories.category_name
order by dataset, ranked.split, category_id
