-- Triplets for metric learning: an anchor, its positive, a negative.
--
-- Each negative pair of the pairs table becomes one triplet with one positive of the same query. The
-- negatives of a query are numbered in the order of their keys, kind after kind, and assigned to
-- its positives in rotation, in an order that the seed shuffles. So an anchor has as many triplets
-- of a kind as negatives of that kind, and the shares of its positives differ by 1 at most: within
-- each kind, and over all kinds.
--
-- reads     pairs
-- scope     whole
-- param     seed: text; default 0: another seed orders the positives differently
-- grain     dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
--           negative_image_id, negative_item_no, negative_kind

with positives as (
    select
        dataset,
        split,
        user_image_id,
        user_item_no,
        shop_image_id,
        shop_item_no,
        row_number() over (
            partition by dataset, split, user_image_id, user_item_no
            order by
                md5(concat_ws(
                    '/', $seed, user_image_id, user_item_no, shop_image_id, shop_item_no
                )),
                shop_image_id,
                shop_item_no
        ) - 1 as turn
    from pairs
    where pair_kind = 'positive'
),

positive_counts as (
    select dataset, split, user_image_id, user_item_no, count(*) as positives
    from positives
    group by dataset, split, user_image_id, user_item_no
),

numbered as (
    select
        dataset,
        split,
        user_image_id,
        user_item_no,
        pairs.pair_kind,
        pairs.shop_image_id,
        pairs.shop_item_no,
        (
            row_number() over (
                partition by dataset, split, user_image_id, user_item_no
                order by pairs.pair_kind, pairs.shop_image_id, pairs.shop_item_no
            ) - 1
        ) % positive_counts.positives as turn
    from pairs
    join positive_counts using (dataset, split, user_image_id, user_item_no)
    where pairs.pair_kind <> 'positive'
)

select
    dataset,
    split,
    user_image_id as anchor_image_id,
    user_item_no as anchor_item_no,
    positives.shop_image_id as positive_image_id,
    positives.shop_item_no as positive_item_no,
    numbered.shop_image_id as negative_image_id,
    numbered.shop_item_no as negative_item_no,
    numbered.pair_kind as negative_kind
from numbered
join positives using (dataset, split, user_image_id, user_item_no, turn)
order by
    dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
    negative_image_id, negative_item_no, negative_kind
