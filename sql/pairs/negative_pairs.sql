-- Negative consumer-to-shop pairs of one kind.
--
-- The shop's item of a negative differs from the query, the consumer's item, by the rule of
-- the kind:
--
-- negative_same_pair: the same pair_id, another style or style 0. The two pictures show the same
-- product, the two items are different variants. The category need not match: a top can be paired
-- with the trousers that are worn with it, unless same_category asks for equal categories.
--
-- negative_same_category: another pair_id, the same category. A retrieval model has to distinguish
-- these once it knows the category.
--
-- negative_random: another pair_id. Most of these have another category; some have the same one.
--
-- Each query with a positive counterpart gets negatives_per_positive negatives for each of its
-- counterparts, at most max_per_query, all different, and fewer where fewer qualify. The shop
-- items of a pool are numbered from 0, so that those excluded for a query form one block, which is
-- skipped. The rest is divided into as many equal ranges as the query gets negatives, and each
-- draw takes one number of its range: 28 bits of an md5 of seed and query, advanced by the golden
-- ratio with each draw. The result is the same on every engine and with any number of threads.
--
-- reads     images, items
-- scope     whole
-- param     pair_kind: negative_same_pair | negative_same_category | negative_random: the kind
-- param     negatives_per_positive: integer; default 4: negatives for each positive pair
-- param     max_per_query: integer; default 50: largest number of negatives of one query
-- param     seed: text; default 0: another seed draws other negatives
-- param     same_category: flag; default false: negative_same_pair only: equal categories
-- grain     dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
-- column    user_pair_id, user_style, user_category_id, shop_pair_id, shop_style, shop_category_id

with garments as (
    select
        items.dataset,
        items.split,
        items.image_id,
        items.item_no,
        items.style,
        items.category_id,
        images.pair_id,
        images.source,
        case when $pair_kind = 'negative_same_pair' then images.pair_id else 0 end as pool_pair_id,
        case
            when $pair_kind = 'negative_same_category'
                or ($pair_kind = 'negative_same_pair' and $same_category)
                then items.category_id
            else 0
        end as pool_category_id,
        case
            when $pair_kind = 'negative_same_pair' then items.style
            else images.pair_id
        end as excluded_block
    from items
    join images using (dataset, split, image_id)
    where images.pair_id is not null and items.style is not null
),

gallery as (
    select
        dataset,
        split,
        pair_id,
        style,
        category_id,
        image_id,
        item_no,
        pool_pair_id,
        pool_category_id,
        excluded_block,
        row_number() over (
            partition by dataset, split, pool_pair_id, pool_category_id
            order by excluded_block, image_id, item_no
        ) - 1 as position
    from garments
    where source = 'shop'
),

queries as (
    select
        dataset,
        split,
        pair_id,
        style,
        garments.category_id,
        garments.image_id,
        garments.item_no,
        pool_pair_id,
        pool_category_id,
        coalesce(blocks.first_position, 0) as block_start,
        coalesce(blocks.items, 0) as block_size,
        pools.items - coalesce(blocks.items, 0) as candidates,
        least(
            cast($negatives_per_positive as bigint) * counterparts.items,
            cast($max_per_query as bigint),
            pools.items - coalesce(blocks.items, 0)
        ) as negatives,
        md5(concat_ws(
            '/', $seed, $pair_kind, dataset, split, garments.image_id, garments.item_no
        )) as digest
    from garments
    join (
        select dataset, split, pair_id, style, count(*) as items
        from gallery
        group by dataset, split, pair_id, style
    ) as counterparts using (dataset, split, pair_id, style)
    join (
        select dataset, split, pool_pair_id, pool_category_id, count(*) as items
        from gallery
        group by dataset, split, pool_pair_id, pool_category_id
    ) as pools using (dataset, split, pool_pair_id, pool_category_id)
    left join (
        select
            dataset,
            split,
            pool_pair_id,
            pool_category_id,
            excluded_block,
            count(*) as items,
            min(position) as first_position
        from gallery
        group by dataset, split, pool_pair_id, pool_category_id, excluded_block
    ) as blocks using (dataset, split, pool_pair_id, pool_category_id, excluded_block)
    where garments.source = 'user' and style > 0
),

draws as (
    select
        dataset,
        split,
        pair_id,
        style,
        category_id,
        image_id,
        item_no,
        pool_pair_id,
        pool_category_id,
        block_start,
        block_size,
        candidates,
        negatives,
        (strpos('0123456789abcdef', substr(digest, 1, 1)) - 1) * 16777216
        + (strpos('0123456789abcdef', substr(digest, 2, 1)) - 1) * 1048576
        + (strpos('0123456789abcdef', substr(digest, 3, 1)) - 1) * 65536
        + (strpos('0123456789abcdef', substr(digest, 4, 1)) - 1) * 4096
        + (strpos('0123456789abcdef', substr(digest, 5, 1)) - 1) * 256
        + (strpos('0123456789abcdef', substr(digest, 6, 1)) - 1) * 16
        + (strpos('0123456789abcdef', substr(digest, 7, 1)) - 1) as random_bits,
        unnest(generate_series(1, negatives)) as draw
    from queries
    where negatives > 0
),

drawn as (
    select
        dataset,
        split,
        pair_id,
        style,
        category_id,
        image_id,
        item_no,
        pool_pair_id,
        pool_category_id,
        block_start,
        block_size,
        (draw - 1) * candidates // negatives
        + (random_bits + draw * 165902235) % 268435456
        % (draw * candidates // negatives - (draw - 1) * candidates // negatives) as position
    from draws
)

select
    drawn.dataset,
    drawn.split,
    cast($pair_kind as varchar) as pair_kind,
    drawn.image_id as user_image_id,
    drawn.item_no as user_item_no,
    gallery.image_id as shop_image_id,
    gallery.item_no as shop_item_no,
    drawn.pair_id as user_pair_id,
    drawn.style as user_style,
    drawn.category_id as user_category_id,
    gallery.pair_id as shop_pair_id,
    gallery.style as shop_style,
    gallery.category_id as shop_category_id
from drawn
join gallery
    on drawn.dataset = gallery.dataset
    and drawn.split = gallery.split
    and drawn.pool_pair_id = gallery.pool_pair_id
    and drawn.pool_category_id = gallery.pool_category_id
    and gallery.position = drawn.position
        + case when drawn.position >= drawn.block_start then drawn.block_size else 0 end
order by
    drawn.dataset, drawn.split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
