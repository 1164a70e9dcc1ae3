-- Accuracy, precision and recall of predicted categories, and the confusion table.
--
-- Images without a prediction do not count. The confusion table has the pairs of categories that
-- occur, with the share of the images of the first that are predicted as the second.
--
-- reads     categories, items, predicted_classes
-- param     dataset: text: source dataset, e.g. `fashion-mnist`
-- param     split: text: split, as the source names it
-- grain     metric, category_id, predicted_id
-- column    metric: `accuracy`, `confusion`, `precision` or `recall`
-- column    category_id: the category; of `confusion` the annotated one; null for `accuracy`
-- column    predicted_id: of `confusion`, the predicted category; else null
-- column    score: a share of `count`; null where that is 0
-- column    count: images predicted as the category for `precision`; else those annotated with it
--           that have a prediction
-- column    missing: images annotated with the category that have no prediction
-- unit      share: score

with outcomes as (
    select
        items.category_id,
        predicted_classes.category_id as predicted_id,
        cast(items.category_id = predicted_classes.category_id as int) as correct
    from items
    left join predicted_classes using (image_id)
    where items.dataset = $dataset
        and items.split = $split
),

annotated as (
    select
        category_id,
        avg(correct) as score,
        count(predicted_id) as count,
        count(*) - count(predicted_id) as missing
    from outcomes
    group by category_id
),

predicted as (
    select predicted_id as category_id, avg(correct) as score, count(*) as count
    from outcomes
    group by predicted_id
),

scores as (
    select
        'accuracy' as metric,
        cast(null as smallint) as category_id,
        cast(null as smallint) as predicted_id,
        avg(correct) as score,
        count(predicted_id) as count,
        count(*) - count(predicted_id) as missing
    from outcomes
    union all
    select 'recall', category_id, null, annotated.score, annotated.count, annotated.missing
    from categories
    left join annotated using (category_id)
    where categories.dataset = $dataset
    union all
    select 'precision', category_id, null, predicted.score, predicted.count, annotated.missing
    from categories
    left join predicted using (category_id)
    left join annotated using (category_id)
    where categories.dataset = $dataset
    union all
    select
        'confusion',
        category_id,
        outcomes.predicted_id,
        count(*) / cast(max(annotated.count) as double),
        max(annotated.count),
        max(annotated.missing)
    from outcomes
    join annotated using (category_id)
    where outcomes.predicted_id is not null
    group by category_id, outcomes.predicted_id
)

select
    metric,
    category_id,
    predicted_id,
    score,
    coalesce(count, 0) as count,
    coalesce(missing, 0) as missing
from scores
order by metric, category_id, predicted_id
