-- All images of a split, annotated or not, as the authors' information files list them.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     source: any | user | shop; default any: value of the image's `source` column
-- grain     image_id
-- column    image_id, file_name, width, height

select
    image_id,
    file_name,
    width,
    height
from images
where dataset = $dataset
    and split = $split
    and ($source = 'any' or source = $source)
order by image_id
