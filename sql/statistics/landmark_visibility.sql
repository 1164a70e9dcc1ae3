-- Visible, occluded and unlabelled landmarks, by landmark and category.
--
-- For FashionAI these are its named key points. Shares are of the items of the category that
-- have landmark rows. They are rounded to 6 decimals, and the three add up to 1 within that.
--
-- reads     items, landmarks, landmark_types, categories
-- grain     dataset, split, category_id, landmark_no
-- column    category_name, landmark_no, landmark_name
-- column    items: items with a row for this landmark
-- column    visible: of these, visible
-- column    occluded: of these, labelled but hidden
-- column    unlabelled: of these, not labelled
-- column    visible_share: visible by items, from 0 to 1
-- column    occluded_share: occluded by items, from 0 to 1
-- column    unlabelled_share: unlabelled by items, from 0 to 1
-- unit      share: visible_share, occluded_share, unlabelled_share

with counted as (
    select
        dataset,
        split,
        items.category_id,
        landmarks.landmark_no,
        count(*) as items,
        count(*) filter (where landmarks.visibility = 'visible') as visible,
        count(*) filter (where landmarks.visibility = 'occluded') as occluded,
        count(*) filter (where landmarks.visibility = 'unlabelled') as unlabelled
    from landmarks
    join items using (dataset, split, image_id, item_no)
    group by dataset, split, items.category_id, landmarks.landmark_no
)

select
    dataset,
    counted.split,
    category_id,
    categories.category_name,
    landmark_no,
    landmark_types.landmark_name,
    counted.items,
    counted.visible,
    counted.occluded,
    counted.unlabelled,
    round(counted.visible / counted.items, 6) as visible_share,
    round(counted.occluded / counted.items, 6) as occluded_share,
    round(counted.unlabelled / counted.items, 6) as unlabelled_share
from counted
join landmark_types using (dataset, category_id, landmark_no)
join categories using (dataset, category_id)
order by dataset, counted.split, category_id, landmark_no
