-- Images of a pair_id, by consumers and by shops: a distribution.
--
-- Each row has the number of pair_ids with that number of images. A pair_id whose images are all of
-- one kind counts as a pair_id with 0 images of the other kind.
--
-- reads     images
-- scope     whole
-- grain     dataset, split, source, images
-- column    source: the image's `source` column, `user` or `shop`
-- column    images: number of images of one pair_id
-- column    pair_ids: pair_ids with that number of images
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
