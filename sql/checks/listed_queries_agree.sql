-- Differences between the authors' lists of queries and the queries by rule.
--
-- A query is a consumer's item; the rule asks for a style above zero, and some lists also hold
-- style 0, which is then expected too.
--
-- Records are compared with their labels and counted, so that a repeated record shows. A list of
-- images names each image once, without labels. Only splits with items are compared. The lists of
-- January 2019 number another edition's pictures.
--
-- reads     images, items, listed_queries
-- severity  warn
-- grain     dataset, split, list_file, image_id, x1, y1, x2, y2, style, pair_id,
--           category_id
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
-- column    category_id: likewise; null in a list without the record's `cls`
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
        items.category_id,
        items.x1,
        items.y1,
        items.x2,
        items.y2
    from items
    join images using (dataset, split, image_id)
    where images.source = 'user'
),

lists as (
    select
        dataset,
        split,
        list_file,
        count(style) > 0 as of_items,
        count(category_id) > 0 as with_class,
        count(*) filter (where style = 0) > 0 as with_style_0
    from listed_queries
    semi join items using (dataset, split)
    group by dataset, split, list_file
),

claims as (
    select
        dataset,
        split,
        list_file,
        lists.of_items,
        listed_queries.image_id,
        listed_queries.x1,
        listed_queries.y1,
        listed_queries.x2,
        listed_queries.y2,
        listed_queries.style,
        listed_queries.pair_id,
        listed_queries.category_id,
        1 as listed,
        0 as expected
    from listed_queries
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
        case when lists.with_class then by_rule.category_id end,
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
        category_id,
        cast(sum(listed) as bigint) as listed,
        cast(case when of_items then sum(expected) else max(expected) end as bigint) as expected
    from claims
    group by
        dataset, split, list_file, of_items, image_id, x1, y1, x2, y2, style, pair_id, category_id
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
order by dataset, split, list_file, image_id, x1, y1, x2, y2, style, pair_id, category_id
