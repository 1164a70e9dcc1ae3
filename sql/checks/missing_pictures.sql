-- Images whose picture is missing or cannot be used.
--
-- Tables, statistics and pairs need annotations only; training needs the pictures.
--
-- reads     images
-- severity  warn
-- grain     dataset, split, image_id
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: the image
-- column    file_name: name of its picture in the source
-- column    image_status: `missing`, `unreadable`, `too_large` or `not_a_picture`

select
    dataset,
    split,
    image_id,
    file_name,
    image_status
from images
where image_status <> 'ok'
order by dataset, split, image_id
