-- Consumers' items with a style above zero that no shop's item shares.
--
-- A style above zero means that the item has a counterpart, but some items have none. Such an item
-- does not occur in positive pairs, and as a retrieval query it has no correct answer. Shops' items
-- without a consumer's item are not reported, since a gallery may hold more than the answers: the
-- statistic pair_totals counts them, and retrieval_gallery lists them with 0 counterparts.
--
-- reads     images, items, style_totals
-- scope     whole
-- severity  warn
-- action    For a benchmark, set `strict=true` in retrieval_queries, which leaves these items out.
-- examines  items join images using (dataset, split, image_id)
--           where images.source = 'user' and items.style > 0 and images.pair_id is not null
-- grain     dataset, split, image_id, item_no
-- column    pair_id
-- column    style: the style without a shop's item

with offered as (
    select distinct dataset, split, pair_id, style
    from style_totals
    where source = 'shop'
)

select
    dataset,
    split,
    image_id,
    items.item_no,
    pair_id,
    style
from items
join images using (dataset, split, image_id)
anti join offered using (dataset, split, pair_id, style)
where images.source = 'user' and style > 0 and pair_id is not null
order by dataset, split, image_id, items.item_no
