-- Items whose scale label is not what their box says.
--
-- The source's own rule: the box covers less than 10 % of the picture (small), up to 40 %
-- (modest) or more (large). Labels were given by people; a few disagree.
--
-- reads     images, items
-- severity  warn
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    scale: the label
-- column    by_box: the label its box would get
-- column    covered: of the picture by the box, from 0 to 1, rounded to 4 decimals

with measured as (
    select
        dataset,
        split,
        image_id,
        items.item_no,
        items.scale,
        (items.x2 - items.x1) * (items.y2 - items.y1)
        / (cast(images.width as bigint) * images.height) as covered
    from items
    join images using (dataset, split, image_id)
    where items.scale is not null and items.x1 is not null
        and images.width > 0 and images.height > 0
),

judged as (
    select
        dataset,
        split,
        image_id,
        item_no,
        scale,
        case
            when covered < 0.1 then 'small'
            when covered <= 0.4 then 'modest'
            else 'large'
        end as by_box,
        covered
    from measured
)

select
    dataset,
    split,
    image_id,
    item_no,
    scale,
    by_box,
    round(covered, 4) as covered
from judged
where scale <> by_box
order by dataset, split, image_id, item_no
