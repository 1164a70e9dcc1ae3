-- A few pair_ids as examples: those with several consumers' images and several styles first.
--
-- reads     pairs
-- param     most: integer; default 3: number of pair_ids
-- grain     dataset, split, pair_id
-- column    dataset, split, pair_id
-- column    image_id: the consumer's image with the lowest number

with sizes as (
    select
        dataset,
        split,
        user_pair_id as pair_id,
        min(user_image_id) as image_id,
        count(distinct user_image_id) as images,
        count(distinct user_style) as styles
    from pairs
    where pair_kind = 'positive'
    group by dataset, split, user_pair_id
),

ranked as (
    select
        dataset,
        split,
        pair_id,
        image_id,
        row_number() over (
            order by
                least(images, 4) * least(styles, 3) desc,
                md5(split || '/' || cast(pair_id as varchar)),
                dataset,
                split
        ) as position
    from sizes
)

select
    dataset,
    split,
    pair_id,
    image_id
from ranked
where position <= $most
order by dataset, split, pair_id
