-- Ranges of annotated images of a split, in order of their numbers.
--
-- An export queries one range after the other, so that memory does not have to hold a whole split.
-- A split without annotated images has no ranges.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     images: integer; default 4096: largest number of images of a range
-- grain     slice_no
-- column    slice_no: number of the range, from 0
-- column    first_image_id: its first image
-- column    last_image_id: its last image
-- column    images: its annotated images

with numbered as (
    select
        image_id,
        (row_number() over (order by image_id) - 1) // $images as slice_no
    from images
    where dataset = $dataset
        and split = $split
        and annotated
)

select
    slice_no,
    min(image_id) as first_image_id,
    max(image_id) as last_image_id,
    count(*) as images
from numbered
group by slice_no
order by slice_no
