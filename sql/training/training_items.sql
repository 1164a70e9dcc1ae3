-- Items of a split that can be cropped from their pictures, in the order of coco_annotations.
--
-- An identity is a product in one style: items have the same identity when their images have the
-- same pair_id and their style numbers are equal and above zero. Identities are numbered from 0
-- over the whole split, independently of the range of images.
--
-- reads     images, items
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id, item_no
-- column    image_id, item_no
-- column    width: of its box; of the picture where the source has no box
-- column    height: of its box; of the picture where the source has no box
-- column    byte_size: the box's share of the picture file
-- column    identity: number of its product and style; -1 where it has no counterpart

with pictured as (
    select
        items.image_id,
        items.item_no,
        items.document_order,
        images.pair_id,
        items.style,
        coalesce(items.x2 - items.x1, cast(images.width as double)) as width,
        coalesce(items.y2 - items.y1, cast(images.height as double)) as height,
        images.byte_size / cast(images.width as double) / images.height as bytes_per_pixel
    from items
    join images using (dataset, split, image_id)
    where items.dataset = $dataset
        and items.split = $split
        and images.annotated
        and images.image_status = 'ok'
),

products as (
    select distinct pair_id, style
    from pictured
    where style > 0
        and pair_id is not null
),

identities as (
    select
        pair_id,
        style,
        row_number() over (order by pair_id, style) - 1 as identity
    from products
)

select
    pictured.image_id,
    pictured.item_no,
    pictured.width,
    pictured.height,
    pictured.bytes_per_pixel * pictured.width * pictured.height as byte_size,
    coalesce(identities.identity, -1) as identity
from pictured
left join identities using (pair_id, style)
where pictured.image_id between $first_image_id and $last_image_id
order by pictured.image_id, pictured.document_order, pictured.item_no
