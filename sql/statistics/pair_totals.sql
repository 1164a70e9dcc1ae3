-- Totals of pairs by each definition, and items and styles without a pair.
--
-- An instance pair is a consumer's item with a shop's item of the same pair_id and style. "Image
-- pair" has two definitions: two images with at least one instance pair (by item), and two images
-- of one pair_id that each have an item with a style (by image). A key is a (pair_id, style)
-- with style above zero; it is an orphan when the other side has no item of it. The rule does not
-- require equal categories, so a key can have several.
--
-- reads     images, items, pairs, style_totals
-- scope     whole
-- grain     dataset, split
-- column    pair_ids: pair_ids with at least one styled item
-- column    instance_pairs: positive pairs of items
-- column    image_pairs_by_item: pairs of images with at least one instance pair
-- column    image_pairs_by_image: pairs of images of one pair_id, each with a styled item
-- column    user_items: consumers' items with a style
-- column    shop_items: shops' items with a style
-- column    user_keys: keys on the consumers' side
-- column    shop_keys: keys on the shops' side
-- column    user_orphan_keys: consumers' keys without a shop's item
-- column    shop_orphan_keys: shops' keys without a consumer's item
-- column    user_orphan_items: consumers' items of those keys, queries without an answer
-- column    shop_orphan_items: shops' items of those keys, gallery items that answer none of the queries
-- column    mixed_category_keys: consumers' keys whose items have more than one category

with keys as (
    select
        dataset,
        split,
        pair_id,
        style,
        coalesce(sum(items) filter (where source = 'user'), 0) as user_items,
        coalesce(sum(items) filter (where source = 'shop'), 0) as shop_items,
        min(case when source = 'user' then category_id end) as least_category,
        max(case when source = 'user' then category_id end) as greatest_category
    from style_totals
    where style > 0
    group by dataset, split, pair_id, style
),

key_totals as (
    select
        dataset,
        split,
        count(distinct pair_id) as pair_ids,
        cast(sum(user_items) as bigint) as user_items,
        cast(sum(shop_items) as bigint) as shop_items,
        count(*) filter (where user_items > 0) as user_keys,
        count(*) filter (where shop_items > 0) as shop_keys,
        count(*) filter (where user_items > 0 and shop_items = 0) as user_orphan_keys,
        count(*) filter (where shop_items > 0 and user_items = 0) as shop_orphan_keys,
        cast(coalesce(sum(user_items) filter (where shop_items = 0), 0) as bigint)
            as user_orphan_items,
        cast(coalesce(sum(shop_items) filter (where user_items = 0), 0) as bigint)
            as shop_orphan_items,
        count(*) filter (where least_category < greatest_category) as mixed_category_keys
    from keys
    group by dataset, split
),

pictures_of_pair as (
    select
        dataset,
        split,
        images.pair_id,
        count(*) filter (where images.source = 'user') as user_images,
        count(*) filter (where images.source = 'shop') as shop_images
    from images
    semi join (
        select dataset, split, image_id
        from items
        where style > 0
    ) as styled using (dataset, split, image_id)
    where images.pair_id is not null
    group by dataset, split, images.pair_id
),

pair_counts as (
    select
        dataset,
        split,
        cast(sum(instance_pairs) as bigint) as instance_pairs,
        count(*) as image_pairs_by_item
    from (
        select dataset, split, user_image_id, shop_image_id, count(*) as instance_pairs
        from pairs
        where pair_kind = 'positive'
        group by dataset, split, user_image_id, shop_image_id
    ) as picture_pairs
    group by dataset, split
),

picture_totals as (
    select
        dataset,
        split,
        cast(sum(user_images * shop_images) as bigint) as image_pairs_by_image
    from pictures_of_pair
    group by dataset, split
)

select
    dataset,
    split,
    key_totals.pair_ids,
    coalesce(pair_counts.instance_pairs, 0) as instance_pairs,
    coalesce(pair_counts.image_pairs_by_item, 0) as image_pairs_by_item,
    picture_totals.image_pairs_by_image,
    key_totals.user_items,
    key_totals.shop_items,
    key_totals.user_keys,
    key_totals.shop_keys,
    key_totals.user_orphan_keys,
    key_totals.shop_orphan_keys,
    key_totals.user_orphan_items,
    key_totals.shop_orphan_items,
    key_totals.mixed_category_keys
from key_totals
join picture_totals using (dataset, split)
left join pair_counts using (dataset, split)
order by dataset, split
