-- Items with another number of landmarks than their category defines.
--
-- Landmarks of an item are numbered from 1 without a gap, which is checked by itself. FashionAI
-- publishes lists without answers: their items may have no landmarks at all.
--
-- reads     items, landmarks, categories
-- scope     part
-- severity  error
-- action    Compare such an item with its document and with the table landmark_types, and report
--           it.
-- examines  items join images using (dataset, split, image_id)
--           where images.annotated or dataset <> 'fashionai'
-- grain     dataset, split, image_id, item_no
-- column    category_id, landmark_count
-- column    row_count: landmark rows of the item

with counted as (
    select dataset, split, image_id, item_no, count(*) as row_count
    from landmarks
    group by dataset, split, image_id, item_no
)

select
    dataset,
    split,
    image_id,
    item_no,
    category_id,
    categories.landmark_count,
    coalesce(counted.row_count, 0) as row_count
from items
join categories using (dataset, category_id)
left join counted using (dataset, split, image_id, item_no)
where coalesce(counted.row_count, 0) <> categories.landmark_count
    and (dataset <> 'fashionai' or counted.row_count is not null)
order by dataset, split, image_id, item_no
