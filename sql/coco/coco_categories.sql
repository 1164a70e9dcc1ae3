-- Categories of a source with their landmarks: names, places in the long vector,
-- mirror partners and edges.
--
-- reads     categories, landmark_types
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- grain     category_id, landmark_no
-- column    category_id, category_name, coco_name, landmark_no, landmark_name, slot
-- column    mirror_no, edges_to

select
    categories.category_id,
    categories.category_name,
    categories.coco_name,
    landmark_types.landmark_no,
    landmark_types.landmark_name,
    landmark_types.slot,
    landmark_types.mirror_no,
    landmark_types.edges_to
from categories
left join landmark_types using (dataset, category_id)
where categories.dataset = $dataset
order by categories.category_id, landmark_types.landmark_no
