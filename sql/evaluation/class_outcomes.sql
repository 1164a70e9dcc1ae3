-- Images of a split with their category and the predicted one.
--
-- reads     items, predicted_classes
-- param     dataset: text: source dataset, e.g. `fashion-mnist`
-- param     split: text: split, as the source names it
-- grain     image_id
-- column    image_id
-- column    category_id: the annotated category
-- column    predicted_id: the predicted category; null without a prediction

select
    image_id,
    items.category_id,
    predicted_classes.category_id as predicted_id
from items
left join predicted_classes using (image_id)
where items.dataset = $dataset
    and items.split = $split
order by image_id
