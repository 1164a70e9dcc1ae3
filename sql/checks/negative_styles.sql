-- Items with a style below zero.
--
-- The source numbers the styles of a pair_id from 1 and writes 0 for an item without a counterpart.
-- A style below zero is kept and, like 0, never forms a pair.
--
-- reads     images, items
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    pair_id: the source's number for the group of images
-- column    style: the style below zero

select
    dataset,
    split,
    image_id,
    items.item_no,
    images.pair_id,
    items.style
from items
join images using (dataset, split, image_id)
where items.style < 0
order by dataset, split, image_id, items.item_no
