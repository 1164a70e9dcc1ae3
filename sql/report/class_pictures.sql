-- Embedded pictures with the class of their item, for the mean picture of a class.
--
-- reads     items, pictures
-- param     dataset: text: source dataset
-- grain     category_id, split, image_id
-- column    category_id, category_name, split, image_id
-- column    image: the picture, bytes and name

select
    items.category_id,
    items.category_name,
    items.split,
    items.image_id,
    pictures.image
from items
join pictures using (dataset, split, image_id)
where items.dataset = $dataset
order by items.category_id, items.split, items.image_id
