-- Published totals: the lake compared with them, to see whether a download is complete.
--
-- Published totals have two editions. The `paper` edition of DeepFashion2 counts pictures that were
-- never released (its image pairs by split are from the authors' older README and add up to the
-- paper's); `released` is the content of its archives, counted by their users and in the validation
-- lists. FashionAI's are the rows of its annotation files, Fashion-MNIST's those of its README.
-- `image_pairs` are compared with image_pairs_by_item of pair_totals; how the published ones were
-- counted is unknown, so expect them to be near, not equal. Only data sets of this lake are listed,
-- with all their published splits.
--
-- reads     split_totals, pair_totals
-- scope     whole
-- grain     dataset, split, measure, edition
-- column    split: split, as the source names it; `all` for a total of all splits
-- column    measure: `images`, `items`, `pairs` of items or `image_pairs`
-- column    edition: `paper` or `released`
-- column    published: the published total
-- column    ours: the total of this lake; 0 where the split is absent
-- column    difference: ours minus published
-- column    meaning: `complete`, `not in this lake`, `incomplete`, `more than published`,
--               `never released in full` (paper edition), `near` or `far` (image pairs, within 5 %)

with published as (
    select dataset, split, measure, edition, published
    from (
        values
            ('deepfashion2', 'train', 'images', 'paper', 390884),
            ('deepfashion2', 'train', 'items', 'paper', 636624),
            ('deepfashion2', 'validation', 'images', 'paper', 33669),
            ('deepfashion2', 'validation', 'items', 'paper', 54910),
            ('deepfashion2', 'validation', 'image_pairs', 'paper', 62563),
            ('deepfashion2', 'train', 'image_pairs', 'paper', 685584),
            ('deepfashion2', 'test', 'images', 'paper', 67342),
            ('deepfashion2', 'test', 'items', 'paper', 109198),
            ('deepfashion2', 'test', 'image_pairs', 'paper', 125087),
            ('deepfashion2', 'all', 'images', 'paper', 491895),
            ('deepfashion2', 'all', 'items', 'paper', 800732),
            ('deepfashion2', 'all', 'image_pairs', 'paper', 873234),
            ('deepfashion2', 'train', 'images', 'released', 191961),
            ('deepfashion2', 'train', 'items', 'released', 312186),
            ('deepfashion2', 'train', 'pairs', 'released', 394661),
            ('deepfashion2', 'train', 'image_pairs', 'released', 337293),
            ('deepfashion2', 'validation', 'images', 'released', 32153),
            ('deepfashion2', 'validation', 'items', 'released', 52490),
            ('deepfashion2', 'test', 'images', 'released', 62629),
            ('fashionai', 'warm_up', 'images', 'released', 12534),
            ('fashionai', 'train', 'images', 'released', 31631),
            ('fashionai', 'test_a', 'images', 'released', 9996),
            ('fashionai', 'test_b', 'images', 'released', 9970),
            ('fashion-mnist', 'train', 'images', 'released', 60000),
            ('fashion-mnist', 'test', 'images', 'released', 10000)
    ) as totals (dataset, split, measure, edition, published)
),

counted as (
    select dataset, split, 'images' as measure, images as ours
    from split_totals
    union all
    select dataset, split, 'items', items
    from split_totals
    union all
    select dataset, split, 'pairs', pairs
    from split_totals
    union all
    select dataset, split, 'image_pairs', image_pairs_by_item
    from pair_totals
),

ours_and_total as (
    select dataset, split, measure, ours
    from counted
    union all
    select dataset, 'all', measure, cast(sum(ours) as bigint)
    from counted
    group by dataset, measure
),

compared as (
    select
        published.dataset,
        published.split,
        published.measure,
        published.edition,
        cast(published.published as bigint) as published,
        coalesce(ours_and_total.ours, 0) as ours
    from published
    semi join split_totals using (dataset)
    left join ours_and_total using (dataset, split, measure)
)

select
    dataset,
    split,
    measure,
    edition,
    published,
    ours,
    ours - published as difference,
    case
        when ours = 0 then 'not in this lake'
        when ours = published then 'complete'
        when measure = 'image_pairs' and edition = 'released' then
            case when abs(ours - published) <= published * 0.05 then 'near' else 'far' end
        when edition = 'paper' and ours < published then 'never released in full'
        when ours < published then 'incomplete'
        else 'more than published'
    end as meaning
from compared
order by dataset, split, measure, edition
