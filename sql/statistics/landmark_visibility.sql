-- Visible, occluded and unlabelled landmarks, by landmark and category.
--
-- For FashionAI these are its named key points. Shares are of the items of the category that
-- have landmark rows. They are rounded to 6 decimals, and the three add up to 1 within that.
--
-- reads     landmark_totals, landmark_types, categories
-- scope     whole
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

select
    dataset,
    landmark_totals.split,
    category_id,
    categories.category_name,
    landmark_no,
    landmark_types.landmark_name,
    landmark_totals.items,
    landmark_totals.visible,
    landmark_totals.occluded,
    landmark_totals.unlabelled,
    round(landmark_totals.visible / landmark_totals.items, 6) as visible_share,
    round(landmark_totals.occluded / landmark_totals.items, 6) as occluded_share,
    round(landmark_totals.unlabelled / landmark_totals.items, 6) as unlabelled_share
from landmark_totals
join landmark_types using (dataset, category_id, landmark_no)
join categories using (dataset, category_id)
order by dataset, landmark_totals.split, category_id, landmark_no
