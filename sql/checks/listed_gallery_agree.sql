-- Differences between the authors' lists of the gallery and the gallery by rule.
--
-- The gallery is every shop's item; a list without any item of style 0 is taken as the list of
-- items with a style.
--
-- Records are compared with their labels and counted, so that a repeated record shows. A list of
-- images names each image once, without labels. Only splits with items are compared. The lists of
-- January 2019 number another edition's pictures.
--
-- reads     images, items, listed_gallery
-- severity  warn
-- grain     dataset, split, list_file, image_id, x1, y1, x2, y2, style, pair_id
-- column    dataset: source dataset
-- column    split: split of the list
-- column    list_file: the authors' file
-- column    image_id: image of the item
-- column    x1: left edge of its box; null in a list of images
-- column    y1: top edge of its box; null likewise
-- column    x2: right edge of its box; null likewise
-- column    y2: bottom edge of its box; null likewise
-- column    style: as listed, or of the item that is not listed; null in a list of images
-- column    pair_id: likewise
-- column    listed: how many records of the list are equal to this row
-- column    expected: how many of them the rule gives
-- column    problem: `listed only`, `by rule only`, `listed too often` or `listed too rarely`

with by_rule as (
    select
        dataset,
        split,
        image_id,
        images.pair_id,
        items.style,
        items.x1,
        items.y1,
        items.x2,
        items.y2
    from items
    join images using (dataset, split, image_id)
    where images.source = 'shop'
),

lists as (
    select
        dataset,
        split,
        list_file,
        count(style) > 0 as of_items,
        count(*) filter (where style = 0) > 0 as with_style_0
    from listed_gallery
    semi join items using (dataset, split)
    group by dataset, split, list_file
),

claims as (
    select
        dataset,
        split,
        list_file,
        lists.of_items,
        listed_gallery.image_id,
        listed_gallery.x1,
        listed_gallery.y1,
        listed_gallery.x2,
        listed_gallery.y2,
        listed_gallery.style,
        listed_gallery.pair_id,
        1 as listed,
        0 as expected
    from listed_gallery
    join lists using (dataset, split, list_file)
    union all
    select
        dataset,
        split,
        lists.list_file,
        lists.of_items,
        by_rule.image_id,
        case when lists.of_items then by_rule.x1 end,
        case when lists.of_items then by_rule.y1 end,
        case when lists.of_items then by_rule.x2 end,
        case when lists.of_items then by_rule.y2 end,
        case when lists.of_items then by_rule.style end,
        case when lists.of_items then by_rule.pair_id end,
        0,
        1
    from by_rule
    join lists using (dataset, split)
    where not lists.of_items or by_rule.style > 0 or lists.with_style_0
),

compared as (
    select
        dataset,
        split,
        list_file,
        image_id,
        x1,
        y1,
        x2,
        y2,
        style,
        pair_id,
        cast(sum(listed) as bigint) as listed,
        cast(case when of_items then sum(expected) else max(expected) end as bigint) as expected
    from claims
    group by dataset, split, list_file, of_items, image_id, x1, y1, x2, y2, style, pair_id
)

select
    dataset,
    split,
    list_file,
    image_id,
    x1,
    y1,
    x2,
    y2,
    style,
    pair_id,
    listed,
    expected,
    case
        when expected = 0 then 'listed only'
        when listed = 0 then 'by rule only'
        when listed > expected then 'listed too often'
        else 'listed too rarely'
    end as problem
from compared
where listed <> expected
order by dataset, split, list_file, image_id, x1, y1, x2, y2, style, pair_id
