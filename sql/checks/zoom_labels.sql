-- Items whose zoom label is not what their landmarks say.
--
-- The source's own rule: more than 30 % of the landmarks lie outside the picture (large). What
-- lies outside cannot be labelled, so unlabelled landmarks are counted, over all landmarks of the
-- category. Where no_zoom ends and medium begins is not documented and not judged.
--
-- reads     items, categories
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    zoom_in: the label
-- column    unlabelled: unlabelled landmarks by all landmarks of the category, from 0 to 1, rounded
--               to 4 decimals

with measured as (
    select
        dataset,
        items.split,
        items.image_id,
        items.item_no,
        items.zoom_in,
        (categories.landmark_count - items.landmarks_visible - items.landmarks_occluded)
        / categories.landmark_count as unlabelled
    from items
    join categories using (dataset, category_id)
    where items.zoom_in is not null
        and categories.landmark_count > 0
)

select
    dataset,
    split,
    image_id,
    item_no,
    zoom_in,
    round(unlabelled, 4) as unlabelled
from measured
where (zoom_in = 'large') <> (unlabelled > 0.3)
order by dataset, split, image_id, item_no
