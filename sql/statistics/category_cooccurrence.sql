-- Images that show items of two categories.
--
-- An image counts when it has at least one item of each. Pairs of categories without such an image
-- have no row. Shares are rounded to 6 decimals.
--
-- reads     items, categories
-- scope     whole
-- grain     dataset, split, category_id, other_category_id
-- column    category_id: the source's number, the smaller of the two
-- column    category_name: its name
-- column    other_category_id: the larger of the two
-- column    other_category_name: its name
-- column    images: images that hold both
-- column    share_of_category: of the images that hold category_id, from 0 to 1
-- column    share_of_other: of the images that hold other_category_id, from 0 to 1
-- unit      share: share_of_category, share_of_other

with present as (
    select distinct dataset, split, image_id, category_id
    from items
),

totals as (
    select dataset, split, category_id, count(*) as images
    from present
    group by dataset, split, category_id
),

met as (
    select
        dataset,
        split,
        present.category_id,
        other.category_id as other_category_id,
        count(*) as images
    from present
    join present as other using (dataset, split, image_id)
    where present.category_id < other.category_id
    group by dataset, split, present.category_id, other.category_id
)

select
    met.dataset,
    met.split,
    met.category_id,
    categories.category_name,
    met.other_category_id,
    other_categories.category_name as other_category_name,
    met.images,
    round(met.images / totals.images, 6) as share_of_category,
    round(met.images / other_totals.images, 6) as share_of_other
from met
join totals using (dataset, split, category_id)
join categories using (dataset, category_id)
join totals as other_totals
    on met.dataset = other_totals.dataset
    and met.split = other_totals.split
    and met.other_category_id = other_totals.category_id
join categories as other_categories
    on met.dataset = other_categories.dataset
    and met.other_category_id = other_categories.category_id
order by met.dataset, met.split, met.category_id, met.other_category_id
