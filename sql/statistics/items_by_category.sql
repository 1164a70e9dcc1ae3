-- Items by category, per data set and split.
--
-- Each declared category of the data set has a row in each split with items, so that a category
-- without items is shown as zero. Shares are of all items of the split, rounded to 6 decimals.
--
-- reads     items, categories
-- scope     whole
-- grain     dataset, split, category_id
-- column    category_name
-- column    items: annotated garments of that category
-- column    images: images with at least one of them
-- column    share: of the split's items, from 0 to 1
-- unit      share: share
-- plot      bar x=items y=category_name facet=split

with splits as (
    select dataset, split, count(*) as split_items
    from items
    group by dataset, split
),

garments as (
    select
        dataset,
        split,
        category_id,
        count(*) as items,
        count(distinct image_id) as images
    from items
    group by dataset, split, category_id
)

select
    dataset,
    splits.split,
    category_id,
    categories.category_name,
    coalesce(garments.items, 0) as items,
    coalesce(garments.images, 0) as images,
    round(coalesce(garments.items, 0) / splits.split_items, 6) as share
from splits
join categories using (dataset)
left join garments using (dataset, split, category_id)
order by dataset, splits.split, category_id
