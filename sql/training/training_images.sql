-- Images of a split for a training set, with the reason for each that is left out.
--
-- reads     images, items
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     task: detection | landmarks | segmentation | classification; default detection:
--           the task to train for
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id
-- column    image_id, width, height, byte_size
-- column    items: its annotated items
-- column    left_out: why it is left out, e.g. `picture missing`; null where it is not

with garments as (
    select
        image_id,
        count(*) as items
    from items
    where dataset = $dataset
        and split = $split
        and image_id between $first_image_id and $last_image_id
    group by image_id
)

select
    images.image_id,
    images.width,
    images.height,
    images.byte_size,
    coalesce(garments.items, 0) as items,
    case
        when images.image_status <> 'ok' then concat('picture ', images.image_status)
        when not images.annotated then 'without annotation'
        when $task = 'classification' and garments.items is null then 'without item'
    end as left_out
from images
left join garments
    on garments.image_id = images.image_id
where images.dataset = $dataset
    and images.split = $split
    and images.image_id between $first_image_id and $last_image_id
order by images.image_id
