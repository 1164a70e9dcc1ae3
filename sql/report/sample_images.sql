-- A few annotated images of each data set as examples.
--
-- Images with a readable picture and a visible landmark, the same ones on every machine: they are
-- ordered by the md5 of their key, and categories alternate, so that each category is chosen
-- before a category is chosen again. Fashion-MNIST has no landmarks and therefore no rows.
--
-- reads     images, items
-- param     most: integer; default 6: images of each data set
-- grain     dataset, split, image_id
-- column    dataset, split, image_id

with shown as (
    select
        dataset,
        split,
        image_id,
        min(category_id) as category_id,
        md5(split || '/' || cast(image_id as varchar)) as digest
    from items
    join images using (dataset, split, image_id)
    where image_status = 'ok'
    group by dataset, split, image_id
    having max(landmarks_visible) > 0
),

turns as (
    select
        dataset,
        split,
        image_id,
        digest,
        row_number() over (
            partition by dataset, category_id
            order by digest, split, image_id
        ) as turn
    from shown
),

positions as (
    select
        dataset,
        split,
        image_id,
        row_number() over (partition by dataset order by turn, digest, split, image_id) as position
    from turns
)

select
    dataset,
    split,
    image_id
from positions
where position <= $most
order by dataset, split, image_id
