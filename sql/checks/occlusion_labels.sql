-- Items whose occlusion label is not what their landmarks say.
--
-- The source's own rule: less than 20 % of the landmarks hidden (slight), up to 50 % (medium) or
-- more (heavy), taken over all landmarks of the category. It is known to be broken in real
-- documents, so this is for those who want to filter, not a fault.
--
-- reads     items, categories
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    occlusion: the label
-- column    by_landmarks: the label its landmarks would get
-- column    hidden: occluded landmarks by all landmarks of the category, from 0 to 1, rounded to
--               4 decimals

with measured as (
    select
        dataset,
        items.split,
        items.image_id,
        items.item_no,
        items.occlusion,
        items.landmarks_occluded / categories.landmark_count as hidden
    from items
    join categories using (dataset, category_id)
    where items.occlusion is not null
        and categories.landmark_count > 0
),

judged as (
    select
        dataset,
        split,
        image_id,
        item_no,
        occlusion,
        case
            when hidden < 0.2 then 'slight'
            when hidden <= 0.5 then 'medium'
            else 'heavy'
        end as by_landmarks,
        hidden
    from measured
)

select
    dataset,
    split,
    image_id,
    item_no,
    occlusion,
    by_landmarks,
    round(hidden, 4) as hidden
from judged
where occlusion <> by_landmarks
order by dataset, split, image_id, item_no
