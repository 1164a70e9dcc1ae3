-- Retrieval queries: the consumers' items to search for in the gallery.
--
-- The benchmark takes all consumers' items with a style above zero. A few of them have no
-- counterpart among the shops' items and cannot be found; the strict set excludes them.
--
-- reads     images, items
-- param     strict: flag; default false: only items that have a counterpart in the gallery
-- grain     dataset, split, image_id, item_no
-- column    dataset, split, image_id, item_no, pair_id, style, category_id, x1, y1, x2, y2
-- column    counterparts: shop items of the same pair_id and style, the right answers

with garments as (
    select
        dataset,
        split,
        image_id,
        items.item_no,
        images.pair_id,
        images.source,
        items.style,
        items.category_id,
        items.x1,
        items.y1,
        items.x2,
        items.y2
    from items
    join images using (dataset, split, image_id)
    where items.style > 0
),

answers as (
    select dataset, split, pair_id, style, count(*) as counterparts
    from garments
    where source = 'shop'
    group by dataset, split, pair_id, style
)

select
    dataset,
    split,
    garments.image_id,
    garments.item_no,
    pair_id,
    style,
    garments.category_id,
    garments.x1,
    garments.y1,
    garments.x2,
    garments.y2,
    coalesce(answers.counterparts, 0) as counterparts
from garments
left join answers using (dataset, split, pair_id, style)
where garments.source = 'user'
    and (not $strict or answers.counterparts > 0)
order by dataset, split, garments.image_id, garments.item_no
