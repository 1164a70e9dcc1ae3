-- Pairs that break the rule of their kind, and splits that lack positive pairs.
--
-- Each pair is compared with its two items: a consumer's and a shop's, the labels of the items, and
-- the rule of its kind. The positive pairs of each split are also counted in a second way, without
-- a join: consumers' items times shops' items, max_positives at most, of every pair_id and style.
--
-- reads     images, items, pairs, style_totals
-- scope     whole
-- param     max_positives: integer; default 1000: the setting with which the pairs were built
-- severity  error
-- action    Run `wardrobe derive`, which builds the pairs again; report it if they break the rule
--           again.
-- examines  pairs
-- grain     dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no,
--           problem
-- column    user_image_id: image of the consumer's item; null for a whole split
-- column    user_item_no: that item within its image; null for a whole split
-- column    shop_image_id: image of the shop's item; null for a whole split
-- column    shop_item_no: that item within its image; null for a whole split
-- column    problem: the rule that is broken

with garments as (
    select
        dataset,
        split,
        image_id,
        items.item_no,
        images.source,
        images.pair_id,
        items.style,
        items.category_id
    from items
    join images using (dataset, split, image_id)
    where images.pair_id is not null
),

judged as (
    select
        pairs.dataset,
        pairs.split,
        pairs.pair_kind,
        pairs.user_image_id,
        pairs.user_item_no,
        pairs.shop_image_id,
        pairs.shop_item_no,
        case
            when consumer.source is distinct from 'user' then 'not the item of a consumer'
            when shop.source is distinct from 'shop' then 'not the item of a shop'
            when pairs.user_pair_id <> consumer.pair_id or pairs.user_style <> consumer.style
                or pairs.user_category_id <> consumer.category_id
                or pairs.shop_pair_id <> shop.pair_id or pairs.shop_style <> shop.style
                or pairs.shop_category_id <> shop.category_id then 'labels differ from the items'
            when pairs.user_style <= 0 then 'the consumer''s item has no style'
            when pairs.pair_kind in ('positive', 'negative_same_pair')
                and pairs.user_pair_id <> pairs.shop_pair_id then 'pair_ids differ'
            when pairs.pair_kind in ('negative_same_category', 'negative_random')
                and pairs.user_pair_id = pairs.shop_pair_id then 'pair_ids are equal'
            when pairs.pair_kind = 'positive'
                and pairs.user_style <> pairs.shop_style then 'styles differ'
            when pairs.pair_kind = 'negative_same_pair'
                and pairs.user_style = pairs.shop_style then 'styles are equal'
            when pairs.pair_kind = 'negative_same_category'
                and pairs.user_category_id <> pairs.shop_category_id then 'categories differ'
        end as problem
    from pairs
    left join garments as consumer
        on pairs.dataset = consumer.dataset
        and pairs.split = consumer.split
        and pairs.user_image_id = consumer.image_id
        and pairs.user_item_no = consumer.item_no
    left join garments as shop
        on pairs.dataset = shop.dataset
        and pairs.split = shop.split
        and pairs.shop_image_id = shop.image_id
        and pairs.shop_item_no = shop.item_no
),

expected as (
    select
        dataset,
        split,
        sum(user_items * least(shop_items, cast($max_positives as bigint))) as pairs
    from (
        select
            dataset,
            split,
            pair_id,
            style,
            coalesce(sum(items) filter (where source = 'user'), 0) as user_items,
            coalesce(sum(items) filter (where source = 'shop'), 0) as shop_items
        from style_totals
        where style > 0
        group by dataset, split, pair_id, style
    ) as keys
    group by dataset, split
),

built as (
    select dataset, split, count(*) as pairs
    from pairs
    where pair_kind = 'positive'
    group by dataset, split
)

select
    dataset,
    split,
    pair_kind,
    user_image_id,
    user_item_no,
    shop_image_id,
    shop_item_no,
    problem
from judged
where problem is not null
union all
select
    dataset,
    split,
    'positive',
    null,
    null,
    null,
    null,
    concat_ws(
        ' ', cast(coalesce(built.pairs, 0) as bigint), 'pairs, but the items give',
        cast(expected.pairs as bigint)
    )
from expected
left join built using (dataset, split)
where coalesce(built.pairs, 0) <> expected.pairs
order by
    dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no, problem
