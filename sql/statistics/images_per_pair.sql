-- How many pictures a pair_id has, taken by consumers and by shops.
--
-- A distribution: so many pair_ids have so many pictures. A pair_id with pictures of one source
-- only counts as having 0 of the other.
--
-- reads     images
-- grain     dataset, split, source, images
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    source: who took the pictures, `user` or `shop`
-- column    images: pictures of one pair_id
-- column    pair_ids: pair_ids with exactly that many
-- plot      column x=images y=pair_ids color=source facet=split

with grouped as (
    select
        dataset,
        split,
        pair_id,
        count(*) filter (where source = 'user') as user_images,
        count(*) filter (where source = 'shop') as shop_images
    from images
    where pair_id is not null
    group by dataset, split, pair_id
),

by_source as (
    select dataset, split, 'user' as source, user_images as images
    from grouped
    union all
    select dataset, split, 'shop', shop_images
    from grouped
)

select
    dataset,
    split,
    source,
    images,
    count(*) as pair_ids
from by_source
group by dataset, split, source, images
order by dataset, split, source, images
