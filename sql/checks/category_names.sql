-- Items whose category name is not the name of their category number.
--
-- All other queries use the number. The authors' COCO script writes other names for the same
-- numbers; documents do not use those.
--
-- reads     items, categories
-- scope     part
-- severity  warn
-- action    Use category_id, as all queries do; another name shows that the documents were edited.
-- examines  items
-- grain     dataset, split, image_id, item_no
-- column    category_id
-- column    category_name: the name in the item's document
-- column    expected_name: the name of that number

select
    dataset,
    split,
    image_id,
    item_no,
    category_id,
    items.category_name,
    categories.category_name as expected_name
from items
join categories using (dataset, category_id)
where items.category_name <> categories.category_name
order by dataset, split, image_id, item_no
