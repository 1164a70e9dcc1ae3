-- Totals of every split: images, items, landmarks, polygons and pairs.
--
-- Each split with images has a row; a split without annotations (the test split of DeepFashion2)
-- has zeros in the other columns.
--
-- reads     images, items, pairs, landmark_totals, polygon_totals
-- scope     whole
-- grain     dataset, split
-- column    images: images with a picture, a document or both
-- column    annotated: images that the source annotates
-- column    pictures_missing: images whose picture file is missing
-- column    items: annotated garments
-- column    landmarks_labelled: landmarks labelled visible or occluded
-- column    polygons: polygons of all items, parts included
-- column    pairs: positive consumer-to-shop pairs of items

with pictured as (
    select
        dataset,
        split,
        count(*) as images,
        count(*) filter (where annotated) as annotated,
        count(*) filter (where image_status = 'missing') as pictures_missing
    from images
    group by dataset, split
),

garments as (
    select dataset, split, count(*) as items
    from items
    group by dataset, split
),

labelled as (
    select dataset, split, cast(sum(visible + occluded) as bigint) as landmarks_labelled
    from landmark_totals
    group by dataset, split
),

outlines as (
    select dataset, split, cast(sum(polygons) as bigint) as polygons
    from polygon_totals
    group by dataset, split
),

matches as (
    select dataset, split, count(*) as pairs
    from pairs
    where pair_kind = 'positive'
    group by dataset, split
)

select
    dataset,
    split,
    pictured.images,
    pictured.annotated,
    pictured.pictures_missing,
    coalesce(garments.items, 0) as items,
    coalesce(labelled.landmarks_labelled, 0) as landmarks_labelled,
    coalesce(outlines.polygons, 0) as polygons,
    coalesce(matches.pairs, 0) as pairs
from pictured
left join garments using (dataset, split)
left join labelled using (dataset, split)
left join outlines using (dataset, split)
left join matches using (dataset, split)
order by dataset, split
