-- Negatives of the same pair_id: a shop's item of another style, or of none.
--
-- The two pictures show the same product, the two items are not the same variant: their styles
-- differ, or the shop's item has style 0. Their categories need not match: a top can be paired
-- with the trousers worn with it. With same_category only shop items of the query's category
-- qualify.
--
-- Every consumer's item with a positive counterpart gets negatives_per_positive negatives for each
-- of them, at most max_per_query, never one twice, fewer where fewer qualify. Shop items are
-- numbered from 0 so that those which do not qualify for an item stand in one block, which is left
-- out. The rest is cut into as many equal stretches as negatives are wanted, and each draw takes
-- one number of its stretch: 28 bits of an md5 of seed and item, moved on by the golden ratio from
-- draw to draw. Every engine and any number of threads draws the same.
--
-- reads     images, items
-- param     negatives_per_positive: integer; default 4: negatives for each positive pair
-- param     max_per_query: integer; default 50: negatives of one consumer's item at most
-- param     seed: text; default 0: another seed draws others
-- param     same_category: flag; default false: only shop items of the query's category
-- grain     dataset, split, pair_kind, user_image_id, user_item_no, shop_image_id, shop_item_no
-- column    dataset: source dataset
-- column    split: split of both items; numbers restart in each, so pairs never cross
-- column    pair_kind: `negative_same_pair`
-- column    user_image_id: image of the item in the consumer's photo (the query side)
-- column    user_item_no: that item within its image
-- column    shop_image_id: image of the item in the shop's photo (the gallery side)
-- column    shop_item_no: that item within its image
-- column    user_pair_id: the source's number for the group of images
-- column    user_style: the source's number for the variant within the group
-- column    user_category_id: category of the consumer's item
-- column    shop_pair_id: equal to user_pair_id
-- column    shop_style: another than user_style; 0 has no counterpart at all
-- column    shop_category_id: category of the shop's item

with garments as (
    select
        items.dataset,
        items.split,
        items.image_id,
        items.item_no,
        items.style,
        items.category_id,
        case when $same_category then items.category_id else 0 end as category_group,
        images.pair_id,
        images.source
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
        category_group,
        image_id,
        item_no,
        row_number() over (
            partition by dataset, split, pair_id, category_group
            order by style, image_id, item_no
        ) - 1 as place
    from garments
    where source = 'shop'
),

queries as (
    select
        garments.dataset,
        garments.split,
        garments.pair_id,
        garments.style,
        garments.category_id,
        garments.category_group,
        garments.image_id,
        garments.item_no,
        coalesce(blocks.first_place, 0) as block_start,
        coalesce(blocks.items, 0) as block_size,
        totals.items - coalesce(blocks.items, 0) as candidates,
        least(
            cast($negatives_per_positive as bigint) * counterparts.items,
            cast($max_per_query as bigint),
            totals.items - coalesce(blocks.items, 0)
        ) as wanted,
        md5(concat_ws(
            '/', $seed, 'negative_same_pair', garments.dataset, garments.split,
            garments.image_id, garments.item_no
        )) as digest
    from garments
    join (
        select dataset, split, pair_id, style, count(*) as items
        from gallery
        group by dataset, split, pair_id, style
    ) as counterparts
        on garments.dataset = counterparts.dataset
        and garments.split = counterparts.split
        and garments.pair_id = counterparts.pair_id
        and garments.style = counterparts.style
    join (
        select dataset, split, pair_id, category_group, count(*) as items
        from gallery
        group by dataset, split, pair_id, category_group
    ) as totals
        on garments.dataset = totals.dataset
        and garments.split = totals.split
        and garments.pair_id = totals.pair_id
        and garments.category_group = totals.category_group
    left join (
        select
            dataset, split, pair_id, category_group, style,
            count(*) as items, min(place) as first_place
        from gallery
        group by dataset, split, pair_id, category_group, style
    ) as blocks
        on garments.dataset = blocks.dataset
        and garments.split = blocks.split
        and garments.pair_id = blocks.pair_id
        and garments.category_group = blocks.category_group
        and garments.style = blocks.style
    where garments.source = 'user' and garments.style > 0
),

draws as (
    select
        dataset,
        split,
        pair_id,
        style,
        category_id,
        category_group,
        image_id,
        item_no,
        block_start,
        block_size,
        candidates,
        wanted,
        (strpos('0123456789abcdef', substr(digest, 1, 1)) - 1) * 16777216
        + (strpos('0123456789abcdef', substr(digest, 2, 1)) - 1) * 1048576
        + (strpos('0123456789abcdef', substr(digest, 3, 1)) - 1) * 65536
        + (strpos('0123456789abcdef', substr(digest, 4, 1)) - 1) * 4096
        + (strpos('0123456789abcdef', substr(digest, 5, 1)) - 1) * 256
        + (strpos('0123456789abcdef', substr(digest, 6, 1)) - 1) * 16
        + (strpos('0123456789abcdef', substr(digest, 7, 1)) - 1) as dice,
        unnest(generate_series(1, wanted)) as draw
    from queries
    where wanted > 0
),

drawn as (
    select
        dataset,
        split,
        pair_id,
        style,
        category_id,
        category_group,
        image_id,
        item_no,
        block_start,
        block_size,
        (draw - 1) * candidates // wanted
        + (dice + draw * 165902235) % 268435456
        % (draw * candidates // wanted - (draw - 1) * candidates // wanted) as place
    from draws
)

select
    drawn.dataset,
    drawn.split,
    'negative_same_pair' as pair_kind,
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
    and drawn.pair_id = gallery.pair_id
    and drawn.category_group = gallery.category_group
    and gallery.place = drawn.place
        + case when drawn.place >= drawn.block_start then drawn.block_size else 0 end
order by all
