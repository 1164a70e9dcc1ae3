-- Positive consumer-to-shop pairs.
--
-- Two items form a positive pair when their images share a pair_id within one split, their style
-- numbers are equal and above zero, and the `source` column of one image is `user`, that of the
-- other `shop`. Style 0 means "no counterpart annotated". The category need not match: the source's
-- rule does not require it. A query item has as many positive pairs as counterparts.
--
-- A query with more than max_positives counterparts gets that number of them. The counterparts are
-- divided into blocks of that number in the order of their keys, and the queries of a pair_id and
-- style take the blocks in turn. Those after the last whole block are not used. The join is one of
-- blocks, so it makes no row that is not kept. The check positive_pairs_left_out reports such styles.
--
-- reads     images, items
-- scope     whole
-- param     max_positives: integer; default 1000: largest number of positive pairs of one query
-- grain     dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
-- column    user_pair_id, user_style, user_category_id, shop_pair_id, shop_style, shop_category_id

with styled as (
    select
        items.dataset,
        items.split,
        items.image_id,
        items.item_no,
        items.style,
        items.category_id,
        images.pair_id,
        images.source,
        row_number() over (
            partition by items.dataset, items.split, images.pair_id, items.style, images.source
            order by items.image_id, items.item_no
        ) - 1 as position
    from items
    join images using (dataset, split, image_id)
    where items.style > 0 and images.pair_id is not null
),

counterparts as (
    select dataset, split, pair_id, style, count(*) as items
    from styled
    where source = 'shop'
    group by dataset, split, pair_id, style
),

in_blocks as (
    select
        dataset,
        split,
        pair_id,
        style,
        styled.image_id,
        styled.item_no,
        styled.category_id,
        styled.source,
        case
            when styled.source = 'user' then styled.position
                % greatest(counterparts.items // nullif(cast($max_positives as bigint), 0), 1)
            else styled.position // nullif(cast($max_positives as bigint), 0)
        end as block
    from styled
    join counterparts using (dataset, split, pair_id, style)
)

select
    dataset,
    split,
    'positive' as pair_kind,
    consumer.image_id as user_image_id,
    consumer.item_no as user_item_no,
    shop.image_id as shop_image_id,
    shop.item_no as shop_item_no,
    consumer.pair_id as user_pair_id,
    consumer.style as user_style,
    consumer.category_id as user_category_id,
    shop.pair_id as shop_pair_id,
    shop.style as shop_style,
    shop.category_id as shop_category_id
from in_blocks as consumer
join in_blocks as shop using (dataset, split, pair_id, style, block)
where consumer.source = 'user' and shop.source = 'shop'
order by
    dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
