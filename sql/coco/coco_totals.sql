-- Numbers of rows that an export of a split will hold.
--
-- Only annotated images count, as in coco_images. Every split with images has a row.
--
-- reads     images, items
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- grain     dataset, split
-- column    dataset, split
-- column    images: annotated images
-- column    without_size: annotated images whose width or height is unknown
-- column    items: annotated garments
-- column    landmarks: labelled landmarks, visible or occluded
-- column    polygons: polygons, parts included
-- column    styled: items with a style above zero, which may have a counterpart

with pictured as (
    select
        dataset,
        split,
        count(*) filter (where annotated) as images,
        count(*) filter (where annotated and (width is null or height is null)) as without_size
    from images
    where dataset = $dataset
        and split = $split
    group by dataset, split
),

garments as (
    select
        dataset,
        split,
        count(*) as items,
        sum(landmarks_visible + landmarks_occluded) as landmarks,
        sum(polygon_count) as polygons,
        count(*) filter (where style > 0) as styled
    from items
    where dataset = $dataset
        and split = $split
    group by dataset, split
)

select
    dataset,
    split,
    pictured.images,
    pictured.without_size,
    coalesce(garments.items, 0) as items,
    coalesce(cast(garments.landmarks as bigint), 0) as landmarks,
    coalesce(cast(garments.polygons as bigint), 0) as polygons,
    coalesce(garments.styled, 0) as styled
from pictured
left join garments using (dataset, split)
order by dataset, split
