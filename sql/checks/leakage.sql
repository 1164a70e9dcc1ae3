-- Pictures that are in two splits of their data set.
--
-- Two pictures are the same when their bytes are (sha256, where pictures were verified), or in
-- FashionAI when their image_id is, which is derived from the picture's hash. In the other data
-- sets the numbers restart in every split, so equal image_id or pair_id are not evidence.
--
-- reads     images
-- severity  warn
-- grain     dataset, split, image_id, other_split, other_image_id, evidence
-- column    dataset
-- column    split: the split whose name sorts first
-- column    image_id: the picture there
-- column    other_split: the other split
-- column    other_image_id: the picture there
-- column    evidence: `same bytes` or `same identity`

with pictures as (
    select dataset, split, image_id, sha256
    from images
    where sha256 is not null
),

identities as (
    select dataset, split, image_id
    from images
    where dataset = 'fashionai'
)

select
    pictures.dataset,
    pictures.split,
    pictures.image_id,
    other.split as other_split,
    other.image_id as other_image_id,
    'same bytes' as evidence
from pictures
join pictures as other
    on pictures.dataset = other.dataset
    and pictures.sha256 = other.sha256
    and pictures.split < other.split
union all
select
    identities.dataset,
    identities.split,
    identities.image_id,
    other.split,
    other.image_id,
    'same identity'
from identities
join identities as other
    on identities.dataset = other.dataset
    and identities.image_id = other.image_id
    and identities.split < other.split
order by dataset, split, image_id, other_split, other_image_id, evidence
