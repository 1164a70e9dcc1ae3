-- Triplets for metric learning: an anchor, its positive, a negative.
--
-- Made from the pairs that were built: each negative pair of a consumer's item becomes one triplet
-- with one of the item's positives. The item's negatives are numbered in the order of their keys,
-- kind after kind, and dealt to its positives in turn, in an order that the seed shuffles. So an
-- anchor has as many triplets of a kind as it has negatives of that kind, and the shares of its
-- positives differ by 1 at most: of each kind, and of all kinds together.
--
-- reads     pairs
-- param     seed: text; default 0: another seed deals the positives in another order
-- grain     dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
--           negative_image_id, negative_item_no, negative_kind
-- column    dataset: source dataset
-- column    split: split of all three items
-- column    anchor_image_id: image of the consumer's item
-- column    anchor_item_no: that item within its image
-- column    positive_image_id: image of a shop's item of the same pair_id and style
-- column    positive_item_no: that item within its image
-- column    negative_image_id: image of a shop's item that is another product
-- column    negative_item_no: that item within its image
-- column    negative_kind: how the negative was chosen, its pair_kind

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

hands as (
    select dataset, split, user_image_id, user_item_no, count(*) as positives
    from positives
    group by dataset, split, user_image_id, user_item_no
),

dealt as (
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
        ) % hands.positives as turn
    from pairs
    join hands using (dataset, split, user_image_id, user_item_no)
    where pairs.pair_kind <> 'positive'
)

select
    dataset,
    split,
    user_image_id as anchor_image_id,
    user_item_no as anchor_item_no,
    positives.shop_image_id as positive_image_id,
    positives.shop_item_no as positive_item_no,
    dealt.shop_image_id as negative_image_id,
    dealt.shop_item_no as negative_item_no,
    dealt.pair_kind as negative_kind
from dealt
join positives using (dataset, split, user_image_id, user_item_no, turn)
order by all
