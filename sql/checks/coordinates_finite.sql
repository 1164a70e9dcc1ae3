-- Coordinates that cannot be places: not finite, half there, or a box turned inside out.
--
-- A box has four edges or none, a landmark x and y or neither, and neither only when it is
-- unlabelled. A polygon with a point that is not finite has an area that is not. A number is finite
-- when taking it from itself leaves 0. Bounds would not do: the statistics of a Parquet file leave
-- out what is not a number, and an engine that trusts them never looks.
--
-- reads     items, landmarks, polygons
-- severity  error
-- grain     table_name, dataset, split, image_id, item_no, landmark_no, polygon_no
-- column    table_name: the table with the coordinate
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    landmark_no: the landmark; null for boxes and polygons
-- column    polygon_no: the polygon; null for boxes and landmarks
-- column    problem: what is wrong

with boxes as (
    select
        dataset,
        split,
        image_id,
        item_no,
        case
            when (x1 is null) <> (y1 is null) or (x1 is null) <> (x2 is null)
                or (x1 is null) <> (y2 is null) then 'box with some edges only'
            when (x1 - x1) + (y1 - y1) + (x2 - x2) + (y2 - y2) <> 0 then 'box that is not finite'
            when x2 < x1 or y2 < y1 then 'box that is inverted'
        end as problem
    from items
),

points as (
    select
        dataset,
        split,
        image_id,
        item_no,
        landmark_no,
        case
            when (x is null) <> (y is null) then 'landmark with one coordinate'
            when x is null and visibility <> 'unlabelled' then 'labelled landmark without a place'
            when (x - x) + (y - y) <> 0 then 'landmark that is not finite'
        end as problem
    from landmarks
),

outlines as (
    select
        dataset,
        split,
        image_id,
        item_no,
        polygon_no,
        case
            when area - area <> 0 then 'polygon that is not finite'
            when area < 0 then 'polygon of negative area'
            when point_count < 3 then 'polygon of fewer than three points'
        end as problem
    from polygons
),

found as (
    select
        'items' as table_name,
        dataset,
        split,
        image_id,
        item_no,
        cast(null as smallint) as landmark_no,
        cast(null as smallint) as polygon_no,
        problem
    from boxes
    where problem is not null
    union all
    select 'landmarks', dataset, split, image_id, item_no, landmark_no, null, problem
    from points
    where problem is not null
    union all
    select 'polygons', dataset, split, image_id, item_no, null, polygon_no, problem
    from outlines
    where problem is not null
)

select
    table_name,
    dataset,
    split,
    image_id,
    item_no,
    landmark_no,
    polygon_no,
    problem
from found
order by all
