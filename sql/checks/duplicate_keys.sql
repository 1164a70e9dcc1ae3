-- Duplicate keys.
--
-- Rows are counted by their keys. Landmarks are counted item by item, which is a twentieth of the
-- work: n different numbers from 0 to 62 have n different bits. Items with another number, which
-- has no bit, are counted by their numbers.
--
-- reads     images, pictures, items, landmarks, polygons, pairs, triplets
-- severity  error
-- grain     table_name, dataset, split, image_id, item_no, polygon_no, shop_image_id, shop_item_no
-- column    table_name: the table with the repeated key
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the repeated key (the consumer's, for pairs and triplets)
-- column    item_no: item of the repeated key; null for images
-- column    polygon_no: polygon of the repeated key; null for other tables
-- column    shop_image_id: shop image of a repeated pair, or the negative of a triplet; else null
-- column    shop_item_no: that item within its image; else null
-- column    times: how often the key occurs; for landmarks, how many of the item's repeat

with numbered as (
    select
        dataset,
        split,
        image_id,
        item_no,
        count(*) as landmarks,
        min(landmark_no) >= 0 and max(landmark_no) <= 62 as has_bits,
        bit_count(bit_or(
            case
                when landmark_no between 0 and 62
                    then cast(1 as bigint) << cast(landmark_no as integer)
            end
        )) as bits
    from landmarks
    group by dataset, split, image_id, item_no
),

repeated as (
    select
        'images' as table_name,
        dataset,
        split,
        image_id,
        cast(null as smallint) as item_no,
        cast(null as smallint) as polygon_no,
        cast(null as bigint) as shop_image_id,
        cast(null as smallint) as shop_item_no,
        count(*) as times
    from images
    group by dataset, split, image_id
    having count(*) > 1
    union all
    select 'pictures', dataset, split, image_id, null, null, null, null, count(*)
    from pictures
    group by dataset, split, image_id
    having count(*) > 1
    union all
    select 'items', dataset, split, image_id, item_no, null, null, null, count(*)
    from items
    group by dataset, split, image_id, item_no
    having count(*) > 1
    union all
    select
        'landmarks', dataset, split, image_id, item_no, null, null, null, landmarks - bits
    from numbered
    where has_bits and landmarks > bits
    union all
    select
        'landmarks', dataset, split, image_id, item_no, null, null, null,
        count(*) - count(distinct landmarks.landmark_no)
    from landmarks
    semi join (
        select dataset, split, image_id, item_no
        from numbered
        where not has_bits
    ) as without_bits using (dataset, split, image_id, item_no)
    group by dataset, split, image_id, item_no
    having count(*) > count(distinct landmarks.landmark_no)
    union all
    select 'polygons', dataset, split, image_id, item_no, polygon_no, null, null, count(*)
    from polygons
    group by dataset, split, image_id, item_no, polygon_no
    having count(*) > 1
    union all
    select
        'pairs', dataset, split, user_image_id, user_item_no, null,
        shop_image_id, shop_item_no, count(*)
    from pairs
    group by dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
    having count(*) > 1
    union all
    select
        'triplets', dataset, split, anchor_image_id, anchor_item_no, null,
        negative_image_id, negative_item_no, count(*)
    from triplets
    group by
        dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
        negative_image_id, negative_item_no, negative_kind
    having count(*) > 1
)

select
    table_name,
    dataset,
    split,
    image_id,
    item_no,
    polygon_no,
    shop_image_id,
    shop_item_no,
    times
from repeated
order by all
