-- Items with landmarks outside their picture.
--
-- The range is closed: a coordinate may be 0, and equal to the width or height. Negative
-- coordinates are found in every picture, coordinates beyond the width or height only where these
-- are known. Unlabelled landmarks count where the source gives them coordinates.
--
-- reads     images, landmarks
-- scope     part
-- severity  warn
-- action    Keep the landmarks; for training, treat those outside as unlabelled.
-- examines  items join images using (dataset, split, image_id)
--           where items.landmarks_visible + items.landmarks_occluded > 0
-- needs     images.width is not null: the size of their picture, which its file gives
-- grain     dataset, split, image_id, item_no
-- column    least_x: smallest x of its landmarks
-- column    least_y: smallest y of its landmarks
-- column    greatest_x: largest x of its landmarks
-- column    greatest_y: largest y of its landmarks
-- column    width, height
-- column    beyond: largest distance of a landmark from the picture, in pixels

with extents as (
    select
        dataset,
        split,
        image_id,
        item_no,
        min(x) as least_x,
        min(y) as least_y,
        max(x) as greatest_x,
        max(y) as greatest_y
    from landmarks
    group by dataset, split, image_id, item_no
)

select
    dataset,
    split,
    image_id,
    extents.item_no,
    extents.least_x,
    extents.least_y,
    extents.greatest_x,
    extents.greatest_y,
    images.width,
    images.height,
    greatest(
        -extents.least_x,
        -extents.least_y,
        extents.greatest_x - images.width,
        extents.greatest_y - images.height
    ) as beyond
from extents
join images using (dataset, split, image_id)
where extents.least_x < 0
    or extents.least_y < 0
    or extents.greatest_x > images.width
    or extents.greatest_y > images.height
order by dataset, split, image_id, extents.item_no
