-- Images whose `annotated` contradicts their other columns, items or landmarks.
--
-- A DeepFashion2 image has a value in its `source` column, a pair_id and items exactly when it is
-- annotated. A FashionAI image is annotated when it has landmark rows: lists without answers give
-- items without landmarks. A Fashion-MNIST image is annotated when it has a label, which is an item
-- or a rejection.
--
-- reads     images, items, landmarks, rejections
-- scope     part
-- severity  error
-- action    Compare such an image with its document and report the decoder that contradicts it.
-- examines  images
-- grain     dataset, split, image_id
-- column    annotated: value of the image
-- column    problem: what contradicts it

with labelled as (
    select distinct dataset, split, image_id
    from items
    where dataset <> 'fashionai'
    union all
    select distinct dataset, split, image_id
    from landmarks
    where dataset = 'fashionai'
),

refused as (
    select distinct dataset, split, image_id
    from rejections
    where dataset = 'fashion-mnist' and image_id is not null
),

judged as (
    select
        dataset,
        split,
        image_id,
        images.annotated,
        case
            when not images.annotated and labelled.image_id is not null
                then 'not annotated, with annotations'
            when dataset = 'deepfashion2' and images.annotated
                and (images.source is null or images.pair_id is null)
                then 'annotated, without source or pair_id'
            when dataset = 'deepfashion2' and not images.annotated
                and (images.source is not null or images.pair_id is not null)
                then 'not annotated, with source or pair_id'
            when dataset = 'fashionai' and images.annotated and labelled.image_id is null
                then 'annotated, without landmarks'
            when dataset = 'fashion-mnist' and images.annotated and labelled.image_id is null
                and refused.image_id is null
                then 'annotated, without item and rejection'
        end as problem
    from images
    left join labelled using (dataset, split, image_id)
    left join refused using (dataset, split, image_id)
)

select
    dataset,
    split,
    image_id,
    annotated,
    problem
from judged
where problem is not null
order by dataset, split, image_id
