-- Accuracy of predicted categories over the pictures of a split that have a prediction.
--
-- reads     items, predicted_classes
-- param     dataset: text: source dataset, e.g. `fashion-mnist`
-- param     split: text: split, as the source names it
-- grain     metric
-- column    metric: `accuracy`
-- column    score: share of pictures whose predicted category is the annotated one
-- column    count: pictures with a prediction
-- column    missing: pictures without a prediction
-- unit      share: score

select
    'accuracy' as metric,
    avg(cast(items.category_id = predicted_classes.category_id as int)) as score,
    count(predicted_classes.category_id) as count,
    count(*) - count(predicted_classes.category_id) as missing
from items
left join predicted_classes using (image_id)
where items.dataset = $dataset
    and items.split = $split
order by metric
