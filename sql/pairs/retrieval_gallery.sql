-- The retrieval gallery: the shops' items that retrieval queries are compared with.
--
-- The benchmark takes all shops' items, also those without a style, which are distractors. The
-- strict set holds only items with a style above zero. Some of these answer none of the queries
-- either: they have 0 counterparts.
--
-- reads     images, items
-- scope     whole
-- param     strict: flag; default false: only items with a style above zero
-- grain     dataset, split, image_id, item_no
-- column    pair_id, style, category_id, x1, y1, x2, y2
-- column    counterparts: consumers' items of the same pair_id and style above zero, the queries
--           that it answers

with queries as (
    select dataset, split, images.pair_id, items.style, count(*) as counterparts
    from items
    join images using (dataset, split, image_id)
    where images.source = 'user' and items.style > 0
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
    coalesce(queries.counterparts, 0) as counterparts
from items
join images using (dataset, split, image_id)
left join queries using (dataset, split, pair_id, style)
where images.source = 'shop'
    and (not $strict or style > 0)
order by dataset, split, image_id, items.item_no
