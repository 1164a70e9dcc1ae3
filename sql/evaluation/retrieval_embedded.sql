-- Items of a split with the rows of their embeddings: also items without, and rows of other items.
--
-- reads     images, items, embedded_items
-- param     dataset: text: source dataset, e.g. `deepfashion2`
-- param     split: text: split, as the source names it
-- grain     source, row, image_id, item_no
-- column    row: the row in the file of that side; null for an item without an embedding
-- column    category_id: category of the item; null where the split has no such item of that side
-- column    x1: left edge of the detected box, else of the annotated one
-- column    y1: top edge
-- column    x2: right edge
-- column    y2: bottom edge

with annotated as (
    select
        images.source,
        items.image_id,
        items.item_no,
        items.category_id,
        items.x1,
        items.y1,
        items.x2,
        items.y2
    from items
    join images using (dataset, split, image_id)
    where items.dataset = $dataset
        and items.split = $split
)

select
    coalesce(annotated.source, embedded_items.source) as source,
    coalesce(annotated.image_id, embedded_items.image_id) as image_id,
    coalesce(annotated.item_no, embedded_items.item_no) as item_no,
    embedded_items.row,
    annotated.category_id,
    coalesce(embedded_items.x1, annotated.x1) as x1,
    coalesce(embedded_items.y1, annotated.y1) as y1,
    coalesce(embedded_items.x2, annotated.x2) as x2,
    coalesce(embedded_items.y2, annotated.y2) as y2
from annotated
full join embedded_items on embedded_items.source = annotated.source
    and embedded_items.image_id = annotated.image_id
    and embedded_items.item_no = annotated.item_no
order by source, row, image_id, item_no
