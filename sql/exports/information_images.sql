-- All images of a split, annotated or not, as the authors' information files list them.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     source: any | user | shop; default any: value of the image's `source` column
-- grain     image_id
-- column    image_id: the image within its split
-- column    file_name: name of its picture in the source
-- column    width: of the stored pixels; null unless known
-- column    height: of the stored pixels; null unless known

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
