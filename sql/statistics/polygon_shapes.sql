-- Polygons by category: numbers of polygons and points, closed polygons, area by that of the box.
--
-- The first polygon of an item is its whole outline, the others are parts of it (sleeves, legs);
-- areas of parts are never added. Closed means that the last point repeats the first. Points by
-- polygon are rounded to 3 decimals, closed_share to 6 decimals, outline_to_box to 4 decimals.
--
-- reads     polygon_totals, categories
-- scope     whole
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

with ranked as (
    select
        dataset,
        split,
        category_id,
        place,
        point_count,
        polygons,
        closed,
        flat_boxes,
        measured,
        sum_outline_to_box,
        sum(polygons) over (
            partition by dataset, split, category_id, place
            order by point_count
        ) as position,
        sum(polygons) over (partition by dataset, split, category_id, place) as placed
    from polygon_totals
)

select
    dataset,
    ranked.split,
    category_id,
    categories.category_name,
    cast(coalesce(sum(ranked.polygons) filter (where ranked.place = 1), 0) as bigint) as items,
    cast(coalesce(sum(ranked.polygons) filter (where ranked.place = 2), 0) as bigint)
        as items_with_parts,
    cast(sum(ranked.polygons) as bigint) as polygons,
    cast(sum(ranked.polygons * ranked.point_count) as bigint) as points,
    round(sum(ranked.polygons * ranked.point_count) / sum(ranked.polygons), 3)
        as points_per_polygon,
    (
        min(ranked.point_count) filter (
            where ranked.place = 1 and ranked.position * 2 >= ranked.placed
        )
        + min(ranked.point_count) filter (
            where ranked.place = 1 and ranked.position * 2 >= ranked.placed + 1
        )
    ) / 2 as median_outline_points,
    round(sum(ranked.closed) / sum(ranked.polygons), 6) as closed_share,
    round(sum(ranked.sum_outline_to_box) / nullif(sum(ranked.measured), 0) / 1e6, 4)
        as outline_to_box,
    cast(sum(ranked.flat_boxes) as bigint) as flat_boxes
from ranked
join categories using (dataset, category_id)
group by dataset, ranked.split, category_id, categories.category_name
order by dataset, ranked.split, category_id
