-- Boxes that extend beyond their picture.
--
-- The range is closed: an edge may be 0, and equal to the width or height. Negative edges are
-- found in every picture, edges beyond the width or height only where these are known.
--
-- reads     images, items
-- scope     part
-- severity  warn
-- action    Keep the boxes, and clip them to width and height where a training library refuses
--           them.
-- examines  items join images using (dataset, split, image_id) where items.x1 is not null
-- needs     images.width is not null: the size of their picture, which its file gives
-- grain     dataset, split, image_id, item_no
-- column    x1, y1, x2, y2, width, height
-- column    beyond: largest distance of an edge from the picture, in pixels

select
    dataset,
    split,
    image_id,
    item_no,
    items.x1,
    items.y1,
    items.x2,
    items.y2,
    images.width,
    images.height,
    greatest(-items.x1, -items.y1, items.x2 - images.width, items.y2 - images.height) as beyond
from items
join images using (dataset, split, image_id)
where items.x1 < 0
    or items.y1 < 0
    or items.x2 > images.width
    or items.y2 > images.height
order by dataset, split, image_id, item_no
