-- Every image of a split, annotated or not, as the authors' information files list them.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     source: text; default any: only images taken by `user` or `shop`
-- grain     image_id
-- column    image_id: the image within its split
-- column    file_name: the picture's name as the source's lists write it
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
