-- Styles with more counterparts than a query may have positive pairs.
--
-- A consumer's item has a positive pair with each shop's item of its pair_id and style, but with at
-- most max_positives of them. A style with more counterparts is unusual: its numbers may stand for
-- something else than variants of a product.
--
-- reads     style_totals
-- scope     whole
-- param     max_positives: integer; default 1000: the setting with which the pairs were built
-- severity  warn
-- action    Look at the items of the style; `wardrobe pairs build --max-positives` sets the limit.
-- examines  items join images using (dataset, split, image_id)
--           where items.style > 0 and images.pair_id is not null
-- grain     dataset, split, pair_id, style
-- column    user_items: consumers' items, the queries
-- column    shop_items: shops' items, the counterparts of each query
-- column    pairs_left_out: positive pairs that were not built

with styles as (
    select
        dataset,
        split,
        pair_id,
        style,
        cast(coalesce(sum(items) filter (where source = 'user'), 0) as bigint) as user_items,
        cast(coalesce(sum(items) filter (where source = 'shop'), 0) as bigint) as shop_items
    from style_totals
    where style > 0
    group by dataset, split, pair_id, style
)

select
    dataset,
    split,
    pair_id,
    style,
    user_items,
    shop_items,
    user_items * (shop_items - cast($max_positives as bigint)) as pairs_left_out
from styles
where user_items > 0 and shop_items > cast($max_positives as bigint)
order by dataset, split, pair_id, style
