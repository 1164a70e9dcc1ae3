-- Items with a style above zero that no item of the other source shares.
--
-- The source promises a counterpart with every style above zero and does not always keep it.
-- Such an item is in no positive pair.
--
-- reads     images, items
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    pair_id: the source's number for the group of images
-- column    style: the style that stands alone
-- column    source: who took the picture, `user` or `shop`

with styled as (
    select
        dataset,
        split,
        image_id,
        items.item_no,
        images.pair_id,
        items.style,
        images.source
    from items
    join images using (dataset, split, image_id)
    where items.style > 0 and images.pair_id is not null
),

one_sided as (
    select dataset, split, pair_id, style
    from styled
    group by dataset, split, pair_id, style
    having count(distinct source) < 2
)

select
    dataset,
    split,
    styled.image_id,
    styled.item_no,
    pair_id,
    style,
    styled.source
from styled
semi join one_sided using (dataset, split, pair_id, style)
order by dataset, split, styled.image_id, styled.item_no
