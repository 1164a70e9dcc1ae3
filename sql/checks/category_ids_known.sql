-- Items of a category that its data set does not define.
--
-- A document with an unknown category is refused, so none may get this far.
--
-- reads     items, categories
-- severity  error
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    category_id: the unknown category
-- column    category_name: the name it came with

select
    dataset,
    split,
    image_id,
    item_no,
    category_id,
    category_name
from items
anti join categories using (dataset, category_id)
order by dataset, split, image_id, item_no
