-- A few annotated images of every data set, to be looked at.
--
-- Images with a readable picture and some visible landmark, the same ones on every machine: md5 of
-- their key spreads the choice over the splits, and categories take turns, so that all are seen
-- before one is seen twice. Fashion-MNIST has no landmarks and so none here.
--
-- reads     images, items
-- param     most: integer; default 6: how many of each data set
-- grain     dataset, split, image_id
-- column    dataset: source dataset
-- column    split: split of the image
-- column    image_id: the image within its split

with shown as (
    select
        dataset,
        split,
        image_id,
        min(category_id) as category_id,
        md5(split || '/' || cast(image_id as varchar)) as lot
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
        lot,
        row_number() over (
            partition by dataset, category_id
            order by lot, split, image_id
        ) as turn
    from shown
),

places as (
    select
        dataset,
        split,
        image_id,
        row_number() over (partition by dataset order by turn, lot, split, image_id) as place
    from turns
)

select
    dataset,
    split,
    image_id
from places
where place <= $most
order by dataset, split, image_id
