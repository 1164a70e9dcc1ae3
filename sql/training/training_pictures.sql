-- Pictures that are embedded in the release.
--
-- reads     pictures
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id
-- column    image_id
-- column    data: the picture file

select
    image_id,
    pictures.image.bytes as data
from pictures
where dataset = $dataset
    and split = $split
    and image_id between $first_image_id and $last_image_id
order by image_id
