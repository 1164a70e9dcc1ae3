-- Retrieval queries: the consumers' items to search for in the gallery.
--
-- The benchmark takes all consumers' items with a style above zero. A few of them have no
-- counterpart among the shops' items and cannot be found; the strict set excludes them.
--
-- reads     images, items
-- scope     whole
-- param     strict: flag; default false: only items that have a counterpart in the gallery
-- grain     dataset, split, image_id, item_no
-- column    pair_id, style, category_id, x1, y1, x2, y2
-- column    counterparts: shop items of the same pair_id and style, the right answers

with answers as (
    select dataset, split, images.pair_id, items.style, count(*) as counterparts
    from items
    join images using (dataset, split, image_id)
    where images.source = 'shop' and items.style > 0
    group by dataset, split, images.pair_id, items.style
)

select
    dataset,
    split,
    image_id,
    items.item_no,
    pair_id,
    style,
    items.category_id,
    items.x1,
    items.y1,
    items.x2,
    items.y2,
    coalesce(answers.counterparts, 0) as counterparts
from items
join images using (dataset, split, image_id)
left join answers using (dataset, split, pair_id, style)
where images.source = 'user'
    and style > 0
    and (not $strict or answers.counterparts > 0)
order by dataset, split, image_id, items.item_no
