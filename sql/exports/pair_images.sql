-- All images that share their pair_id with one image, consumers' before shops'.
--
-- reads     images
-- param     dataset: text: source dataset
-- param     split: text: split of the image
-- param     image_id: integer: the image whose pair is asked for
-- param     most: integer; default 60: at most so many
-- grain     dataset, split, image_id
-- column    dataset: source dataset
-- column    split: split of the images
-- column    image_id: an image of the pair
-- column    pair_id: the number they share

with wanted as (
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
        row_number() over (order by source desc, image_id) as place
    from images
    join wanted using (dataset, split, pair_id)
)

select
    dataset,
    split,
    image_id,
    pair_id
from numbered
where place <= $most
order by source desc, dataset, split, image_id
