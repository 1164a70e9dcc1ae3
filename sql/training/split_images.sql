-- Images of a split with the products they show, to select folds.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- grain     image_id
-- column    image_id, pair_id

select
    image_id,
    pair_id
from images
where dataset = $dataset
    and split = $split
order by image_id
