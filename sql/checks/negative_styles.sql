-- Items with a style below zero.
--
-- The source numbers the styles of a pair_id from 1 and writes 0 for an item without a counterpart.
-- A style below zero is kept and, like 0, never forms a pair.
--
-- reads     images, items
-- scope     part
-- severity  warn
-- action    Nothing: these items form no pairs. Treat such a style as 0.
-- examines  items where style is not null
-- grain     dataset, split, image_id, item_no
-- column    pair_id
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
