-- Polygons by category: numbers of polygons and points, closed polygons, area by that of the box.
--
-- The first polygon of an item is its whole outline, the others are parts of it (sleeves, legs);
-- areas of parts are never added. Closed means that the last point repeats the first. Points by
-- polygon are rounded to 3 decimals, closed_share to 6 decimals, outline_to_box to 4 decimals.
--
-- reads     items, polygons, categories
-- grain     dataset, split, category_id
-- column    category_name
-- column    items: items with at least one polygon
-- column    items_with_parts: items with more than one
-- column    polygons: polygons of all of them
-- column    points: points of all polygons, repeated closing points included
-- column    points_per_polygon: mean
-- column    median_outline_points: points of the outline, median
-- column    closed_share: closed polygons by polygons, from 0 to 1
-- column    outline_to_box: area of the outline by area of the box, mean; can exceed 1; null
--           where all boxes have zero width or height
-- column    flat_boxes: items whose box has zero width or height, not in outline_to_box
-- unit      share: closed_share, outline_to_box

with outlines as (
    select
        dataset,
        split,
        items.category_id,
        polygons.polygon_no,
        polygons.point_count,
        polygons.closed,
        polygons.polygon_no = 1 and (items.x1 = items.x2 or items.y1 = items.y2) as flat,
        case
            when polygons.polygon_no = 1 and items.x2 > items.x1 and items.y2 > items.y1
                then polygons.area / ((items.x2 - items.x1) * (items.y2 - items.y1))
        end as outline_to_box
    from polygons
    join items using (dataset, split, image_id, item_no)
)

select
    dataset,
    outlines.split,
    category_id,
    categories.category_name,
    count(*) filter (where outlines.polygon_no = 1) as items,
    count(*) filter (where outlines.polygon_no = 2) as items_with_parts,
    count(*) as polygons,
    cast(sum(outlines.point_count) as bigint) as points,
    round(sum(outlines.point_count) / count(*), 3) as points_per_polygon,
    median(case when outlines.polygon_no = 1 then outlines.point_count end)
        as median_outline_points,
    round(count(*) filter (where outlines.closed) / count(*), 6) as closed_share,
    round(avg(outlines.outline_to_box), 4) as outline_to_box,
    count(*) filter (where outlines.flat) as flat_boxes
from outlines
join categories using (dataset, category_id)
group by dataset, outlines.split, category_id, categories.category_name
order by dataset, outlines.split, category_id
