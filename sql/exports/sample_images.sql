-- A few annotated images of every data set, to be looked at.
--
-- Images with a readable picture and some visible landmark, the same ones on every machine: md5 of
-- their key spreads the choice over the splits. Fashion-MNIST has no landmarks and so none here.
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
        row_number() over (
            partition by dataset
            order by md5(split || '/' || cast(image_id as varchar)), split, image_id
        ) as place
    from items
    join images using (dataset, split, image_id)
    where image_status = 'ok'
    group by dataset, split, image_id
    having max(landmarks_visible) > 0
)

select
    dataset,
    split,
    image_id
from shown
where place <= $most
order by dataset, split, image_id
