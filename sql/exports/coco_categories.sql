-- Categories of a source with their landmarks: names, places in the long vector and edges.
--
-- reads     categories, landmark_types
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- grain     category_id, landmark_no
-- column    category_id: the source's number of the category
-- column    category_name: the name its documents use
-- column    coco_name: the name the authors' COCO script writes; null where there is none
-- column    landmark_no: place in the category's landmark order, from 1; null without landmarks
-- column    landmark_name: the source's name of the landmark; null where it names none
-- column    slot: 0-based place of the landmark in the source's long vector
-- column    edges_to: landmark_no of those the outline joins it to, each edge listed once

select
    categories.category_id,
    categories.category_name,
    categories.coco_name,
    landmark_types.landmark_no,
    landmark_types.landmark_name,
    landmark_types.slot,
    landmark_types.edges_to
from categories
left join landmark_types using (dataset, category_id)
where categories.dataset = $dataset
order by categories.category_id, landmark_types.landmark_no
