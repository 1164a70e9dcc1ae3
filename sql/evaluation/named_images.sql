-- Images of a split as predictions name them, with the category of their only item.
--
-- reads     images, items
-- param     dataset: text: source dataset, e.g. `fashionai`
-- param     split: text: split, as the source names it
-- grain     image_id
-- column    image_id
-- column    file_name, annotated
-- column    category_name: name of the category; null for an image without an item

select
    image_id,
    images.file_name,
    images.annotated,
    items.category_name
from images
left join items using (dataset, split, image_id)
where dataset = $dataset
    and split = $split
order by image_id
