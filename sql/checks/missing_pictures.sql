-- Images whose picture is not there or cannot be used.
--
-- Annotations alone are enough for every table, statistic and pair; training needs the pictures.
--
-- reads     images
-- severity  warn
-- grain     dataset, split, image_id
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: the image
-- column    file_name: its picture, as the source's lists write it
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
