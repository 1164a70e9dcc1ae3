-- Items of a split for a training set of items, with the reason for each that is left out.
--
-- An identity is a product in one style: items have the same identity when their images have the
-- same pair_id and their style numbers are equal and above zero. Identities are numbered from 0
-- over the whole split, independently of the range of images.
--
-- reads     images, items
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     task: detection | landmarks | segmentation | retrieval | classification; default
--           detection: the task to train for
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id, item_no
-- column    image_id, item_no
-- column    width: of its box; of the picture where the source has no box
-- column    height: of its box; of the picture where the source has no box
-- column    byte_size: the box's share of the picture file
-- column    identity: number of its product and style; -1 where it has no counterpart
-- column    left_out: why it is left out, e.g. `picture missing`; null where it is not

with garments as (
    select
        items.image_id,
        items.item_no,
        images.pair_id,
        items.style,
        coalesce(items.x2 - items.x1, cast(images.width as double)) as width,
        coalesce(items.y2 - items.y1, cast(images.height as double)) as height,
        images.byte_size / cast(images.width as double) / images.height as bytes_per_pixel,
        case
            when images.image_status <> 'ok' then concat('picture ', images.image_status)
            when not images.annotated then 'without annotation'
            when $task = 'landmarks' and items.landmarks_visible + items.landmarks_occluded = 0
                then 'without labelled landmark'
        end as left_out
    from items
    join images using (dataset, split, image_id)
    where items.dataset = $dataset
        and items.split = $split
),

products as (
    select distinct pair_id, style
    from garments
    where style > 0
        and pair_id >= 0
),

identities as (
    select
        pair_id,
        style,
        row_number() over (order by pair_id, style) - 1 as identity
    from products
)

select
    garments.image_id,
    garments.item_no,
    garments.width,
    garments.height,
    garments.bytes_per_pixel * garments.width * garments.height as byte_size,
    coalesce(identities.identity, cast(-1 as bigint)) as identity,
    garments.left_out
from garments
left join identities using (pair_id, style)
where garments.image_id between $first_image_id and $last_image_id
order by garments.image_id, garments.item_no
