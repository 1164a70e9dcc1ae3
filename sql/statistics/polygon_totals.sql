-- Counts of polygons by category and number of points, and sums of their areas by those of boxes.
--
-- The statistic polygon_shapes is computed from these numbers. The first polygon of an item is its
-- whole outline, the others are parts of it. The area of an outline by the area of the item's box is
-- rounded to millionths, so that sums are exact in any order; above a million it counts as a million.
--
-- reads     items, polygons
-- scope     sum
-- grain     dataset, split, category_id, place, point_count
-- column    place: 1 for outlines, 2 for the first part, 3 for all other parts
-- column    point_count
-- column    polygons: polygons with that place and number of points
-- column    closed: of these, closed
-- column    flat_boxes: outlines of items whose box has zero width or height
-- column    measured: outlines in other boxes
-- column    sum_outline_to_box: sum of outline by box of those measured, in millionths

with outlines as (
    select
        dataset,
        split,
        items.category_id,
        cast(least(polygons.polygon_no, 3) as integer) as place,
        polygons.point_count,
        polygons.closed,
        polygons.polygon_no = 1 and (items.x1 = items.x2 or items.y1 = items.y2) as flat,
        case
            when polygons.polygon_no = 1 and items.x2 > items.x1 and items.y2 > items.y1
                then least(
                    polygons.area / ((items.x2 - items.x1) * (items.y2 - items.y1)), 1000000
                )
        end as outline_to_box
    from polygons
    join items using (dataset, split, image_id, item_no)
)

select
    dataset,
    split,
    category_id,
    place,
    point_count,
    count(*) as polygons,
    count(*) filter (where closed) as closed,
    count(*) filter (where flat) as flat_boxes,
    count(outline_to_box) as measured,
    cast(
        coalesce(sum(cast(floor(outline_to_box * 1000000 + 0.5) as bigint)), 0) as bigint
    ) as sum_outline_to_box
from outlines
group by dataset, split, category_id, place, point_count
order by dataset, split, category_id, place, point_count
