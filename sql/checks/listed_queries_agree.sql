-- Differences between the authors' lists of queries and the queries by rule.
--
-- A query is a consumer's item; the rule asks for a style above zero, and some lists also hold
-- style 0, which is then expected too. Lists of images are compared by image. Only splits whose
-- items are here are compared. The lists of January 2019 number another edition's pictures.
--
-- reads     images, items, listed_queries
-- severity  warn
-- grain     dataset, split, list_file, image_id, x1, y1, x2, y2, problem
-- column    dataset: source dataset
-- column    split: split the list speaks of
-- column    list_file: the authors' file
-- column    image_id: image of the item
-- column    x1: left edge of its box; null in a list of images
-- column    y1: top edge of its box; null likewise
-- column    x2: right edge of its box; null likewise
-- column    y2: bottom edge of its box; null likewise
-- column    style: as listed, or of the item that is not; null in a list of images
-- column    problem: `listed only` or `by rule only`

with by_rule as (
    select
        dataset,
        split,
        image_id,
        items.style,
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
        count(*) filter (where style = 0) > 0 as with_style_0
    from listed_queries
    semi join items using (dataset, split)
    group by dataset, split, list_file
),

expected as (
    select
        dataset,
        split,
        lists.list_file,
        by_rule.image_id,
        case when lists.of_items then by_rule.style end as style,
        case when lists.of_items then by_rule.x1 end as x1,
        case when lists.of_items then by_rule.y1 end as y1,
        case when lists.of_items then by_rule.x2 end as x2,
        case when lists.of_items then by_rule.y2 end as y2
    from by_rule
    join lists using (dataset, split)
    where not lists.of_items or by_rule.style > 0 or lists.with_style_0
),

claims as (
    select dataset, split, list_file, image_id, style, x1, y1, x2, y2, 1 as listed, 0 as ruled
    from listed_queries
    semi join lists using (dataset, split)
    union all
    select dataset, split, list_file, image_id, style, x1, y1, x2, y2, 0, 1
    from expected
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
    case when max(listed) = 1 then 'listed only' else 'by rule only' end as problem
from claims
group by dataset, split, list_file, image_id, x1, y1, x2, y2, style
having max(listed) <> max(ruled)
order by all
