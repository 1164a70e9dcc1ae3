-- Triplets whose two sides are not among the pairs.
--
-- Anchor and positive must be a positive pair, anchor and negative a negative pair of the triplet's
-- negative_kind.
--
-- reads     pairs, triplets
-- scope     whole
-- severity  error
-- action    Run `wardrobe derive`, which builds the triplets again; report it if it finds them
--           again.
-- examines  triplets
-- grain     dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
--           negative_image_id, negative_item_no, negative_kind, problem
-- column    problem: which side is not among the pairs

with positives as (
    select
        dataset,
        split,
        user_image_id as anchor_image_id,
        user_item_no as anchor_item_no,
        shop_image_id as positive_image_id,
        shop_item_no as positive_item_no
    from pairs
    where pair_kind = 'positive'
),

negatives as (
    select
        dataset,
        split,
        user_image_id as anchor_image_id,
        user_item_no as anchor_item_no,
        shop_image_id as negative_image_id,
        shop_item_no as negative_item_no,
        pair_kind as negative_kind
    from pairs
    where pair_kind <> 'positive'
)

select
    dataset,
    split,
    anchor_image_id,
    anchor_item_no,
    positive_image_id,
    positive_item_no,
    triplets.negative_image_id,
    triplets.negative_item_no,
    triplets.negative_kind,
    'anchor and positive are not a positive pair' as problem
from triplets
anti join positives
    using (
        dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no
    )
union all
select
    dataset,
    split,
    anchor_image_id,
    anchor_item_no,
    triplets.positive_image_id,
    triplets.positive_item_no,
    negative_image_id,
    negative_item_no,
    negative_kind,
    'anchor and negative are not a pair of that kind'
from triplets
anti join negatives
    using (
        dataset, split, anchor_image_id, anchor_item_no, negative_image_id, negative_item_no,
        negative_kind
    )
order by
    dataset, split, anchor_image_id, anchor_item_no, positive_image_id, positive_item_no,
    negative_image_id, negative_item_no, negative_kind, problem
