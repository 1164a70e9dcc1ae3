-- Words that are not in the vocabulary of their column.
--
-- The lists below are those of schemas/vocabulary.py (a test compares them). Null means that the
-- source has no such label and is fine.
--
-- reads     images, items, landmarks, pairs, triplets
-- severity  error
-- grain     table_name, column_name, dataset, split, word
-- column    table_name: the table with the word
-- column    column_name: its column
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    word: the unknown word
-- column    occurrences: rows that carry it

with vocabulary as (
    select column_name, word
    from (
        values
            ('dataset', 'deepfashion2'),
            ('dataset', 'fashionai'),
            ('dataset', 'fashion-mnist'),
            ('split', 'train'),
            ('split', 'validation'),
            ('split', 'test'),
            ('split', 'warm_up'),
            ('split', 'test_a'),
            ('split', 'test_b'),
            ('source', 'shop'),
            ('source', 'user'),
            ('image_status', 'ok'),
            ('image_status', 'missing'),
            ('image_status', 'unreadable'),
            ('image_status', 'too_large'),
            ('image_status', 'not_a_picture'),
            ('scale', 'small'),
            ('scale', 'modest'),
            ('scale', 'large'),
            ('occlusion', 'slight'),
            ('occlusion', 'medium'),
            ('occlusion', 'heavy'),
            ('zoom_in', 'no_zoom'),
            ('zoom_in', 'medium'),
            ('zoom_in', 'large'),
            ('viewpoint', 'no_wear'),
            ('viewpoint', 'frontal'),
            ('viewpoint', 'side_or_back'),
            ('visibility', 'visible'),
            ('visibility', 'occluded'),
            ('visibility', 'unlabelled'),
            ('pair_kind', 'positive'),
            ('pair_kind', 'negative_same_pair'),
            ('pair_kind', 'negative_same_category'),
            ('pair_kind', 'negative_random'),
            ('negative_kind', 'negative_same_pair'),
            ('negative_kind', 'negative_same_category'),
            ('negative_kind', 'negative_random')
    ) as words (column_name, word)
),

image_words as (
    select dataset, split, source, image_status, count(*) as occurrences
    from images
    group by dataset, split, source, image_status
),

item_words as (
    select dataset, split, scale, occlusion, zoom_in, viewpoint, count(*) as occurrences
    from items
    group by dataset, split, scale, occlusion, zoom_in, viewpoint
),

used as (
    select 'images' as table_name, 'dataset' as column_name, dataset, split, dataset as word,
        occurrences
    from image_words
    union all
    select 'images', 'split', dataset, split, split, occurrences
    from image_words
    union all
    select 'images', 'source', dataset, split, source, occurrences
    from image_words
    union all
    select 'images', 'image_status', dataset, split, image_status, occurrences
    from image_words
    union all
    select 'items', 'scale', dataset, split, scale, occurrences
    from item_words
    union all
    select 'items', 'occlusion', dataset, split, occlusion, occurrences
    from item_words
    union all
    select 'items', 'zoom_in', dataset, split, zoom_in, occurrences
    from item_words
    union all
    select 'items', 'viewpoint', dataset, split, viewpoint, occurrences
    from item_words
    union all
    select 'landmarks', 'visibility', dataset, split, visibility, count(*)
    from landmarks
    group by dataset, split, visibility
    union all
    select 'pairs', 'pair_kind', dataset, split, pair_kind, count(*)
    from pairs
    group by dataset, split, pair_kind
    union all
    select 'triplets', 'negative_kind', dataset, split, negative_kind, count(*)
    from triplets
    group by dataset, split, negative_kind
)

select
    table_name,
    column_name,
    dataset,
    split,
    word,
    cast(sum(occurrences) as bigint) as occurrences
from used
anti join vocabulary using (column_name, word)
where word is not null
group by table_name, column_name, dataset, split, word
order by table_name, column_name, dataset, split, word
