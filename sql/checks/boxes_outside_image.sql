-- Boxes that extend beyond their picture.
--
-- The range is closed: an edge may be 0, and equal to the width or height. Negative edges are
-- found in every picture, edges beyond the width or height only where these are known.
--
-- reads     images, items
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    x1: left edge of the box
-- column    y1: top edge of the box
-- column    x2: right edge of the box
-- column    y2: bottom edge of the box
-- column    width: of the picture; null unless known
-- column    height: of the picture; null unless known
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
