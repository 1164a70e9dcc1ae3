-- What was refused, by the rule it broke, with one example each.
--
-- A refused document counts once, a refused item once. The example is the first by file name.
--
-- reads     rejections
-- grain     dataset, split, rule
-- column    dataset: source dataset
-- column    split: split of the refused document
-- column    rule: the rule that was broken
-- column    documents: refused as a whole
-- column    items: refused from documents that stayed
-- column    example_file: the first file refused for it
-- column    example_message: what was wrong there

with ranked as (
    select
        dataset,
        split,
        rule,
        file_name,
        item_no,
        message,
        row_number() over (
            partition by dataset, split, rule
            order by file_name, coalesce(item_no, 0), message
        ) as place
    from rejections
)

select
    dataset,
    split,
    rule,
    count(*) filter (where item_no is null) as documents,
    count(*) filter (where item_no is not null) as items,
    max(case when place = 1 then file_name end) as example_file,
    max(case when place = 1 then message end) as example_message
from ranked
group by dataset, split, rule
order by dataset, split, rule
