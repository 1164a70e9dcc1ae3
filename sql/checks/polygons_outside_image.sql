-- Polygons with points outside their picture.
--
-- The range is closed: a coordinate may be 0, and equal to the width or height. Negative
-- coordinates are found in every picture, coordinates beyond the width or height only where these
-- are known. Polygons without a negative coordinate and without one above the shorter side are
-- skipped; only the others are split into points.
--
-- reads     images, polygons
-- scope     part
-- severity  warn
-- action    Keep the polygons, and clip them where you draw masks.
-- examines  polygons join images using (dataset, split, image_id)
-- needs     images.width is not null: the size of their picture, which its file gives
-- grain     dataset, split, image_id, item_no, polygon_no
-- column    points_outside: number of its points outside
-- column    width, height
-- column    beyond: largest distance of a point from the picture, in pixels

with corners as (
    select
        dataset,
        split,
        image_id,
        polygons.item_no,
        polygons.polygon_no,
        images.width,
        images.height,
        polygons.points,
        unnest(generate_series(1, polygons.point_count)) as point_no
    from polygons
    join images using (dataset, split, image_id)
    where list_min(polygons.points) < 0
        or list_max(polygons.points) > least(images.width, images.height)
),

placed as (
    select
        dataset,
        split,
        image_id,
        item_no,
        polygon_no,
        width,
        height,
        points[cast(2 * point_no - 1 as integer)] as x,
        points[cast(2 * point_no as integer)] as y
    from corners
)

select
    dataset,
    split,
    image_id,
    item_no,
    polygon_no,
    count(*) as points_outside,
    width,
    height,
    max(greatest(-x, -y, x - width, y - height)) as beyond
from placed
where x < 0
    or y < 0
    or x > width
    or y > height
group by dataset, split, image_id, item_no, polygon_no, width, height
order by dataset, split, image_id, item_no, polygon_no
