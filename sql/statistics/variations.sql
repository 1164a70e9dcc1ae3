-- Labels of items: scale, occlusion, zoom-in and viewpoint, for all items and per category.
--
-- The four labels of DeepFashion2 (Figure 3 of its paper). Items without the label are excluded
-- from counts and shares. Rows with a null `category_id` are of all categories. Shares are rounded
-- to 6 decimals.
--
-- reads     items, categories
-- scope     whole
-- grain     dataset, split, variation, category_id, label
-- column    variation: `scale`, `occlusion`, `zoom_in` or `viewpoint`
-- column    category_id: the source's number; null for all categories together
-- column    category_name: the name the annotation documents use; null for all categories together
-- column    label: the label
-- column    items: items with that label
-- column    share: of the labelled items of that category, from 0 to 1
-- unit      share: share
-- plot      stack x=items y=category_name color=label facet=variation

with combinations as (
    select
        dataset,
        split,
        category_id,
        scale,
        occlusion,
        zoom_in,
        viewpoint,
        count(*) as items
    from items
    group by dataset, split, category_id, scale, occlusion, zoom_in, viewpoint
),

labelled as (
    select dataset, split, category_id, 'scale' as variation, scale as label, items
    from combinations
    union all
    select dataset, split, category_id, 'occlusion', occlusion, items
    from combinations
    union all
    select dataset, split, category_id, 'zoom_in', zoom_in, items
    from combinations
    union all
    select dataset, split, category_id, 'viewpoint', viewpoint, items
    from combinations
),

counted as (
    select dataset, split, variation, category_id, label, cast(sum(items) as bigint) as items
    from labelled
    where label is not null
    group by grouping sets (
        (dataset, split, variation, label),
        (dataset, split, variation, category_id, label)
    )
)

select
    counted.dataset,
    counted.split,
    counted.variation,
    counted.category_id,
    categories.category_name,
    counted.label,
    counted.items,
    round(
        counted.items / sum(counted.items) over (
            partition by counted.dataset, counted.split, counted.variation, counted.category_id
        ),
        6
    ) as share
from counted
left join categories
    on counted.dataset = categories.dataset and counted.category_id = categories.category_id
order by
    counted.dataset,
    counted.split,
    counted.variation,
    counted.category_id nulls first,
    counted.label
