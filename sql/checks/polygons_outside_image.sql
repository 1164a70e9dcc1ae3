-- Polygons that leave their picture.
--
-- The range is closed: a point may lie on the width or height itself, as real outlines do. Only
-- pictures of known size are looked at. Most polygons are cleared by one look: no coordinate is
-- negative and none exceeds the shorter side. Only the others are taken apart into x and y.
--
-- reads     images, polygons
-- severity  warn
-- grain     dataset, split, image_id, item_no, polygon_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    polygon_no: the polygon within the item
-- column    least_x: smallest x of its points
-- column    least_y: smallest y of its points
-- column    greatest_x: largest x of its points
-- column    greatest_y: largest y of its points
-- column    width: of the picture
-- column    height: of the picture
-- column    beyond: by how many pixels a point leaves at most

with doubtful as (
    select
        dataset,
        split,
        image_id,
        polygons.item_no,
        polygons.polygon_no,
        polygons.points,
        polygons.point_count,
        images.width,
        images.height
    from polygons
    join images using (dataset, split, image_id)
    where list_min(polygons.points) < 0
        or list_max(polygons.points) > least(images.width, images.height)
),

points as (
    select
        dataset,
        split,
        image_id,
        item_no,
        polygon_no,
        width,
        height,
        points,
        unnest(generate_series(1, point_count)) as place
    from doubtful
),

extents as (
    select
        dataset,
        split,
        image_id,
        item_no,
        polygon_no,
        width,
        height,
        min(points[2 * place - 1]) as least_x,
        min(points[2 * place]) as least_y,
        max(points[2 * place - 1]) as greatest_x,
        max(points[2 * place]) as greatest_y
    from points
    group by dataset, split, image_id, item_no, polygon_no, width, height
)

select
    dataset,
    split,
    image_id,
    item_no,
    polygon_no,
    least_x,
    least_y,
    greatest_x,
    greatest_y,
    width,
    height,
    greatest(-least_x, -least_y, greatest_x - width, greatest_y - height) as beyond
from extents
where least_x < 0
    or least_y < 0
    or greatest_x > width
    or greatest_y > height
order by dataset, split, image_id, item_no, polygon_no
