-- Items of a style of a pair_id, by category and the image's `source` column.
--
-- The statistics pair_totals and styles_per_pair are computed from these numbers.
--
-- reads     images, items
-- scope     sum
-- grain     dataset, split, pair_id, style, category_id, source
-- column    source: the image's `source` column, `user` or `shop`
-- column    items: items of that style and category

select
    dataset,
    split,
    images.pair_id,
    items.style,
    items.category_id,
    images.source,
    count(*) as items
from items
join images using (dataset, split, image_id)
where images.pair_id is not null
group by dataset, split, images.pair_id, items.style, items.category_id, images.source
order by dataset, split, pair_id, style nulls first, category_id, source nulls first
