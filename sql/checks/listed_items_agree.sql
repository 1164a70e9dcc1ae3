-- Differences between the authors' lists of queries and gallery and the rule for each.
--
-- A query is a consumer's item with a style above zero, a gallery item is any shop's item. Some
-- lists of queries also hold style 0, and a list of the gallery without any item of style 0 is
-- the list of items with a style: so items of style 0 are expected where the list has some.
--
-- Records are compared with their labels and counted, so that a repeated record shows. A list of
-- images names each image once, without labels. Only splits with items are compared. The lists of
-- January 2019 number the pictures of another edition.
--
-- reads     images, items, listed_queries, listed_gallery
-- scope     whole
-- severity  warn
-- action    Use the authors' lists (listed_queries, listed_gallery) to compare with published
--           results.
-- examines  (select dataset, split from listed_queries
--           union all select dataset, split from listed_gallery) as records
--           left join (select distinct dataset, split, true as present from items) as annotated
--           using (dataset, split)
-- needs     annotated.present: items in the split of their list
-- grain     dataset, split, list_file, side, image_id, x1, y1, x2, y2, style, pair_id, category_id
-- column    side: `queries` or `gallery`
-- column    image_id, x1, y1, x2, y2
-- column    style: as listed, or of the item that is not listed; null in a list of images
-- column    pair_id: as listed, or of the item that is not listed; null in a list of images
-- column    category_id: the record's `cls`, or of the item that is not listed; null in a list
--           without it
-- column    listed: number of records of the list that equal this row
-- column    expected: number of them by the rule
-- column    problem: `listed only`, `by rule only`, `listed too often` or `listed too rarely`

with records as (
    select
        dataset,
        split,
        list_file,
        'queries' as side,
        image_id,
        x1,
        y1,
        x2,
        y2,
        style,
        pair_id,
        category_id
    from listed_queries
    union all
    select dataset, split, list_file, 'gallery', image_id, x1, y1, x2, y2, style, pair_id, null
    from listed_gallery
),

lists as (
    select
        dataset,
        split,
        list_file,
        side,
        case when side = 'queries' then 'user' else 'shop' end as source,
        count(style) > 0 as of_items,
        count(category_id) > 0 as with_category,
        count(*) filter (where style = 0) > 0 as with_style_0
    from records
    semi join items using (dataset, split)
    group by dataset, split, list_file, side
),

counted as (
    select
        dataset,
        split,
        list_file,
        side,
        lists.of_items,
        records.image_id,
        records.x1,
        records.y1,
        records.x2,
        records.y2,
        records.style,
        records.pair_id,
        records.category_id,
        1 as listed,
        0 as expected
    from records
    join lists using (dataset, split, list_file, side)
    union all
    select
        dataset,
        split,
        lists.list_file,
        lists.side,
        lists.of_items,
        image_id,
        case when lists.of_items then items.x1 end,
        case when lists.of_items then items.y1 end,
        case when lists.of_items then items.x2 end,
        case when lists.of_items then items.y2 end,
        case when lists.of_items then items.style end,
        case when lists.of_items then images.pair_id end,
        case when lists.with_category then items.category_id end,
        0,
        1
    from items
    join images using (dataset, split, image_id)
    join lists using (dataset, split, source)
    where not lists.of_items or items.style > 0 or lists.with_style_0
),

compared as (
    select
        dataset,
        split,
        list_file,
        side,
        image_id,
        x1,
        y1,
        x2,
        y2,
        style,
        pair_id,
        category_id,
        cast(sum(listed) as bigint) as listed,
        cast(case when of_items then sum(expected) else max(expected) end as bigint) as expected
    from counted
    group by
        dataset, split, list_file, side, of_items, image_id, x1, y1, x2, y2, style, pair_id,
        category_id
)

select
    dataset,
    split,
    list_file,
    side,
    image_id,
    x1,
    y1,
    x2,
    y2,
    style,
    pair_id,
    category_id,
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
order by
    dataset, split, list_file, side, image_id, x1, y1, x2, y2, style, pair_id, category_id
