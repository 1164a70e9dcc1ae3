-- Positive consumer-to-shop pairs.
--
-- Two items form a positive pair when their images share a pair_id within one split, their style
-- numbers are equal and above zero, and the `source` column of one image is `user`, that of the
-- other `shop`. Style 0 means "no counterpart annotated". The category need not match: the source's
-- rule does not require it. A query item has as many positive pairs as counterparts.
--
-- reads     images, items
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
        images.source
    from items
    join images using (dataset, split, image_id)
    where items.style > 0
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
from styled as consumer
join styled as shop using (dataset, split, pair_id, style)
where consumer.source = 'user' and shop.source = 'shop'
order by
    dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
