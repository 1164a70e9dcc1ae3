-- Pictures that are in two splits of their data set.
--
-- Two pictures are the same when their bytes are (sha256, where pictures were verified), or in
-- FashionAI when their image_id is, which is derived from the picture's hash. In the other data
-- sets the numbers restart in every split, so equal image_id or pair_id are not evidence.
--
-- reads     images
-- scope     whole
-- severity  warn
-- action    Exclude the picture from one of the splits before you compare results between them.
-- examines  images
-- needs     sha256 is not null or dataset = 'fashionai': a hash of their picture, which
--           `wardrobe ingest --verify-images` stores
-- grain     dataset, split, image_id, other_split, other_image_id, evidence
-- column    split: the split whose name sorts first
-- column    image_id: the picture there
-- column    other_split: the other split
-- column    other_image_id: the picture there
-- column    evidence: `same bytes` or `same identity`

select
    images.dataset,
    images.split,
    images.image_id,
    other.split as other_split,
    other.image_id as other_image_id,
    'same bytes' as evidence
from images
join images as other
    on images.dataset = other.dataset
    and images.sha256 = other.sha256
    and images.split < other.split
union all
select
    images.dataset,
    images.split,
    images.image_id,
    other.split,
    other.image_id,
    'same identity'
from images
join images as other
    on images.dataset = other.dataset
    and images.image_id = other.image_id
    and images.split < other.split
where images.dataset = 'fashionai'
order by dataset, split, image_id, other_split, other_image_id, evidence
