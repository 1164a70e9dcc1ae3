-- The lengths by which FashionAI normalises its error.
--
-- Distance between the armpits (blouse, outwear, dress) or between the ends of the waistband
-- (trousers, skirt), where both are labelled, visible or not. A category has one of these pairs
-- of key points, never both. Items of a list without answers are left out.
--
-- reads     items, landmarks, categories
-- grain     dataset, split, category_id
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    category_id: our number of the category
-- column    category_name: the source's name
-- column    items: items with key points
-- column    measured: items with both ends labelled
-- column    one_end_absent: items with one end labelled
-- column    both_ends_absent: items with neither
-- column    crossed: items whose left end lies right of the right one
-- column    shortest: the shortest length, in pixels
-- column    quantile_10: a tenth of the lengths lie below
-- column    median: half of the lengths lie below
-- column    quantile_90: nine tenths of the lengths lie below
-- column    longest: the longest length, in pixels

with ends as (
    select
        dataset,
        split,
        image_id,
        item_no,
        max(case when landmark_name in ('armpit_left', 'waistband_left') then x end) as left_x,
        max(case when landmark_name in ('armpit_left', 'waistband_left') then y end) as left_y,
        max(case when landmark_name in ('armpit_right', 'waistband_right') then x end) as right_x,
        max(case when landmark_name in ('armpit_right', 'waistband_right') then y end) as right_y
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
)

select
    dataset,
    lengths.split,
    category_id,
    categories.category_name,
    count(*) as items,
    count(lengths.length) as measured,
    count(*) filter (where (lengths.left_x is null) <> (lengths.right_x is null))
        as one_end_absent,
    count(*) filter (where lengths.left_x is null and lengths.right_x is null)
        as both_ends_absent,
    count(*) filter (where lengths.left_x > lengths.right_x) as crossed,
    round(min(lengths.length), 2) as shortest,
    round(percentile_cont(0.1) within group (order by lengths.length), 2) as quantile_10,
    round(percentile_cont(0.5) within group (order by lengths.length), 2) as median,
    round(percentile_cont(0.9) within group (order by lengths.length), 2) as quantile_90,
    round(max(lengths.length), 2) as longest
from lengths
join categories using (dataset, category_id)
group by dataset, lengths.split, category_id, categories.category_name
order by dataset, lengths.split, category_id
