-- Statistics that do not add up to their tables.
--
-- Totals of the stored statistics against counts of the tables beside them: a statistic from
-- another build, or one that loses rows in a join, shows here.
--
-- reads     images, items, landmarks, polygons, pairs, split_totals, items_by_category,
--           landmark_visibility, polygon_shapes, pair_totals, source_sizes
-- severity  error
-- grain     statistic, measure, dataset, split
-- column    statistic: the statistic
-- column    measure: what was added up
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    statistic_says: total of the statistic; 0 where it has no row
-- column    tables_say: total of the tables; 0 where they have no row

with counted as (
    select 'images' as measure, dataset, split, count(*) as total
    from images
    group by dataset, split
    union all
    select 'items', dataset, split, count(*)
    from items
    group by dataset, split
    union all
    select 'landmarks', dataset, split, count(*)
    from landmarks
    where visibility <> 'unlabelled'
    group by dataset, split
    union all
    select 'polygons', dataset, split, count(*)
    from polygons
    group by dataset, split
    union all
    select 'pairs', dataset, split, count(*)
    from pairs
    where pair_kind = 'positive'
    group by dataset, split
),

promised as (
    select 'split_totals' as statistic, 'images' as measure, dataset, split, images as total
    from split_totals
    union all
    select 'split_totals', 'items', dataset, split, items
    from split_totals
    union all
    select 'split_totals', 'landmarks', dataset, split, landmarks_labelled
    from split_totals
    union all
    select 'split_totals', 'polygons', dataset, split, polygons
    from split_totals
    union all
    select 'split_totals', 'pairs', dataset, split, pairs
    from split_totals
    union all
    select 'items_by_category', 'items', dataset, split, items
    from items_by_category
    union all
    select 'landmark_visibility', 'landmarks', dataset, split, visible + occluded
    from landmark_visibility
    union all
    select 'polygon_shapes', 'polygons', dataset, split, polygons
    from polygon_shapes
    union all
    select 'pair_totals', 'pairs', dataset, split, instance_pairs
    from pair_totals
    union all
    select 'source_sizes', 'images', dataset, split, images
    from source_sizes
),

summed as (
    select statistic, measure, dataset, split, cast(sum(total) as bigint) as total
    from promised
    group by statistic, measure, dataset, split
    having sum(total) > 0
),

wanted as (
    select pledges.statistic, pledges.measure, counted.dataset, counted.split, counted.total
    from counted
    join (
        values
            ('split_totals', 'images'),
            ('split_totals', 'items'),
            ('split_totals', 'landmarks'),
            ('split_totals', 'polygons'),
            ('split_totals', 'pairs'),
            ('items_by_category', 'items'),
            ('landmark_visibility', 'landmarks'),
            ('polygon_shapes', 'polygons'),
            ('pair_totals', 'pairs'),
            ('source_sizes', 'images')
    ) as pledges (statistic, measure)
        on counted.measure = pledges.measure
)

select
    statistic,
    measure,
    dataset,
    split,
    coalesce(summed.total, 0) as statistic_says,
    coalesce(wanted.total, 0) as tables_say
from wanted
full join summed using (statistic, measure, dataset, split)
where coalesce(summed.total, 0) <> coalesce(wanted.total, 0)
order by statistic, measure, dataset, split
