-- Images with the pair_id of one image, consumers' before shops'.
--
-- reads     images
-- param     dataset: text: source dataset
-- param     split: text: split of the image
-- param     image_id: integer: an image of the pair
-- param     most: integer; default 60: largest number of images
-- grain     dataset, split, image_id
-- column    dataset, split, image_id
-- column    pair_id: the number they share

with chosen as (
    select dataset, split, pair_id
    from images
    where dataset = $dataset and split = $split and image_id = $image_id
),

numbered as (
    select
        dataset,
        split,
        image_id,
        pair_id,
        source,
        row_number() over (order by source desc, image_id) as position
    from images
    join chosen using (dataset, split, pair_id)
)

select
    dataset,
    split,
    image_id,
    pair_id
from numbered
where position <= $most
order by source desc, dataset, split, image_id
