-- Items without a box in a data set that gives every item one.
--
-- DeepFashion2 documents give each item a box; a document without a box is refused. FashionAI and
-- Fashion-MNIST have no boxes. Boxes with some edges only break the contract items.box_is_whole.
--
-- reads     items
-- scope     part
-- severity  error
-- action    Compare such an item with its document and report the decoder that lost the box.
-- examines  items where dataset = 'deepfashion2'
-- grain     dataset, split, image_id, item_no

select
    dataset,
    split,
    image_id,
    item_no
from items
where dataset = 'deepfashion2' and x1 is null and y1 is null and x2 is null and y2 is null
order by dataset, split, image_id, item_no
