-- Rows that speak of an image or an item that is not there, and items short of their polygons.
--
-- Both ways: a row below must have its row above, and an item must have as many polygons as it
-- says. (That an item has all its landmarks is the check landmark_counts.)
--
-- reads     images, items, landmarks, polygons, pictures, pairs
-- severity  error
-- grain     table_name, dataset, split, image_id, item_no
-- column    table_name: the table with the orphan
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image the row speaks of
-- column    item_no: item the row speaks of; null for a picture
-- column    problem: what it lacks

with mentioned as (
    select distinct 'landmarks' as table_name, dataset, split, image_id, item_no
    from landmarks
    union all
    select distinct 'pairs', dataset, split, user_image_id, user_item_no
    from pairs
    union all
    select distinct 'pairs', dataset, split, shop_image_id, shop_item_no
    from pairs
),

outlined as (
    select dataset, split, image_id, item_no, count(*) as polygons
    from polygons
    group by dataset, split, image_id, item_no
),

orphans as (
    select 'items' as table_name, dataset, split, image_id, item_no, 'no image' as problem
    from items
    anti join images using (dataset, split, image_id)
    union all
    select 'pictures', dataset, split, image_id, null, 'no image'
    from pictures
    anti join images using (dataset, split, image_id)
    union all
    select table_name, dataset, split, image_id, item_no, 'no item'
    from mentioned
    anti join items using (dataset, split, image_id, item_no)
    union all
    select 'polygons', dataset, split, image_id, item_no, 'no item'
    from outlined
    anti join items using (dataset, split, image_id, item_no)
    union all
    select
        'items', items.dataset, items.split, items.image_id, items.item_no,
        'polygon_count is not the number of its polygons'
    from items
    left join outlined using (dataset, split, image_id, item_no)
    where items.polygon_count <> coalesce(outlined.polygons, 0)
)

select
    table_name,
    dataset,
    split,
    image_id,
    item_no,
    problem
from orphans
order by all
