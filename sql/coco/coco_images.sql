-- Annotated images of a split, as a COCO file lists them.
--
-- An image without an annotation document is excluded: in a COCO file it would count as an image
-- without items. An image whose document holds no item is included.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: the first image_id of the range
-- param     last_image_id: integer; default 9007199254740991: the last image_id of the range
-- grain     image_id
-- column    image_id, file_name, width, height, format, orientation, byte_size, sha256
-- column    image_status, source, pair_id

select
    image_id,
    file_name,
    width,
    height,
    format,
    orientation,
    byte_size,
    sha256,
    image_status,
    source,
    pair_id
from images
where dataset = $dataset
    and split = $split
    and annotated
    and image_id between $first_image_id and $last_image_id
order by image_id
