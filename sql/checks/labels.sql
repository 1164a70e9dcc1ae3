-- Items whose scale, occlusion or zoom label contradicts their box or landmarks.
--
-- The rules of DeepFashion2. Scale: the box covers less than 10 % of the picture (small), up to
-- 40 % (modest) or more (large). Occlusion: less than 20 % of the landmarks are occluded (slight),
-- up to 50 % (medium) or more (heavy). Zoom: more than 30 % of the landmarks are outside the
-- picture (large); these cannot be labelled, so unlabelled landmarks are counted. The limit between
-- no_zoom and medium is not documented and not checked. Landmarks are divided by all landmarks of
-- the category. People assigned the labels, and real documents break the rules.
--
-- reads     images, items, categories
-- scope     part
-- severity  warn
-- action    Keep the rows, and exclude them where you train on scale, occlusion or zoom_in.
-- examines  items join images using (dataset, split, image_id)
--           join (values ('scale'), ('occlusion'), ('zoom_in')) as labels (label) on true
--           where case labels.label when 'scale' then items.scale when 'occlusion'
--           then items.occlusion else items.zoom_in end is not null
-- needs     labels.label <> 'scale' or images.width is not null: the size of their picture, which
--           its file gives
-- grain     dataset, split, image_id, item_no, label
-- column    label: the labelled property: `scale`, `occlusion` or `zoom_in`
-- column    value: the label
-- column    expected: the label by the rule; `not large` for a zoom_in that is not large
-- column    share: measured share of the picture or of the landmarks, from 0 to 1, rounded to 4
--           decimals

with measured as (
    select
        dataset,
        split,
        image_id,
        items.item_no,
        items.scale,
        items.occlusion,
        items.zoom_in,
        (items.x2 - items.x1) * (items.y2 - items.y1)
        / nullif(cast(images.width as bigint) * images.height, 0) as covered,
        items.landmarks_occluded / nullif(categories.landmark_count, 0) as occluded,
        (categories.landmark_count - items.landmarks_visible - items.landmarks_occluded)
        / nullif(categories.landmark_count, 0) as unlabelled
    from items
    join images using (dataset, split, image_id)
    -- Every item has one. Without `left`, DuckDB combines categories with images first.
    left join categories using (dataset, category_id)
),

judged as (
    select
        dataset,
        split,
        image_id,
        item_no,
        'scale' as label,
        scale as value,
        case when covered < 0.1 then 'small' when covered <= 0.4 then 'modest' else 'large' end
            as expected,
        covered as share
    from measured
    union all
    select
        dataset,
        split,
        image_id,
        item_no,
        'occlusion',
        occlusion,
        case when occluded < 0.2 then 'slight' when occluded <= 0.5 then 'medium' else 'heavy' end,
        occluded
    from measured
    union all
    select
        dataset,
        split,
        image_id,
        item_no,
        'zoom_in',
        zoom_in,
        case
            when unlabelled > 0.3 then 'large'
            when zoom_in = 'large' then 'not large'
            else zoom_in
        end,
        unlabelled
    from measured
)

select
    dataset,
    split,
    image_id,
    item_no,
    label,
    value,
    expected,
    round(share, 4) as share
from judged
where share is not null and value <> expected
order by dataset, split, image_id, item_no, label
