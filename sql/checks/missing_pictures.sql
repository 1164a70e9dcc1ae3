-- Images whose picture is missing or cannot be used.
--
-- Tables, statistics and pairs need annotations only; training needs the pictures.
--
-- reads     images
-- scope     part
-- severity  warn
-- action    Complete or mount the source and ingest again; training leaves these images out.
-- examines  images
-- grain     dataset, split, image_id
-- column    file_name, image_status

select
    dataset,
    split,
    image_id,
    file_name,
    image_status
from images
where image_status <> 'ok'
order by dataset, split, image_id
