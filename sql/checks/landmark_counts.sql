-- Items whose landmarks are not those of their category.
--
-- An item has as many landmark rows as its category defines, numbered from 1, and its counts of
-- visible and occluded ones are those of the rows. FashionAI's test lists come without answers:
-- there an item may have no landmark rows at all.
--
-- reads     items, landmarks, categories
-- severity  error
-- grain     dataset, split, image_id, item_no
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    image_id: image of the item
-- column    item_no: the item within its image
-- column    category_id: its category
-- column    expected: landmarks the category defines
-- column    found: landmark rows of the item
-- column    last_no: the highest landmark_no among them; null without any
-- column    landmarks_visible: as the item says
-- column    found_visible: rows that are visible
-- column    landmarks_occluded: as the item says
-- column    found_occluded: rows that are occluded

with placed as (
    select
        dataset,
        split,
        image_id,
        item_no,
        count(*) as found,
        min(landmark_no) as first_no,
        max(landmark_no) as last_no,
        count(*) filter (where visibility = 'visible') as found_visible,
        count(*) filter (where visibility = 'occluded') as found_occluded
    from landmarks
    group by dataset, split, image_id, item_no
)

select
    dataset,
    split,
    image_id,
    item_no,
    category_id,
    categories.landmark_count as expected,
    coalesce(placed.found, 0) as found,
    placed.last_no,
    items.landmarks_visible,
    coalesce(placed.found_visible, 0) as found_visible,
    items.landmarks_occluded,
    coalesce(placed.found_occluded, 0) as found_occluded
from items
join categories using (dataset, category_id)
left join placed using (dataset, split, image_id, item_no)
where items.landmarks_visible <> coalesce(placed.found_visible, 0)
    or items.landmarks_occluded <> coalesce(placed.found_occluded, 0)
    or placed.first_no <> 1
    or placed.last_no <> placed.found
    or (
        coalesce(placed.found, 0) <> categories.landmark_count
        and not (dataset = 'fashionai' and placed.found is null)
    )
order by dataset, split, image_id, item_no
