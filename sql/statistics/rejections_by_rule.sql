-- Rejections by rule, with an example of each.
--
-- A rejected document counts once, a rejected item once. The example is the first by file name.
--
-- reads     rejections
-- scope     whole
-- grain     dataset, split, rule
-- column    split: split of the rejected document
-- column    rule: the rule that was broken
-- column    documents: documents rejected as a whole
-- column    items: items rejected from documents that were accepted
-- column    example_file: first file with such a rejection
-- column    example_message: message of that rejection

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
        ) as position
    from rejections
)

select
    dataset,
    split,
    rule,
    count(*) filter (where item_no is null) as documents,
    count(*) filter (where item_no is not null) as items,
    max(case when position = 1 then file_name end) as example_file,
    max(case when position = 1 then message end) as example_message
from ranked
group by dataset, split, rule
order by dataset, split, rule
