-- Annotated images of a split, as a COCO file lists them.
--
-- An image without an annotation document is not here: in a COCO file it would say that nothing
-- is to be seen on it, which nobody has looked at. An image whose document holds no item is here.
--
-- reads     images
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- param     first_image_id: integer; default 0: images before this one are left out
-- param     last_image_id: integer; default 9007199254740991: and those after this one
-- grain     image_id
-- column    image_id: the image within its split
-- column    file_name: the picture's name as the source's lists write it
-- column    width: of the stored pixels; null unless known
-- column    height: of the stored pixels; null unless known
-- column    format: `jpeg`, `png`, ...; null unless recognised
-- column    orientation: EXIF orientation, 1 to 8; null where there is none
-- column    byte_size: of the picture file; null when missing
-- column    sha256: of the picture file in hex; null unless verified
-- column    image_status: `ok`, or what is the matter with the picture
-- column    source: who took it, `shop` or `user`; null where the source does not say
-- column    pair_id: group of pictures of the same product; null where there is none

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
