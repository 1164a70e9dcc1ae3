-- Styles of a pair_id: a distribution.
--
-- A style is a variant of the product, numbered from 1 within its pair_id; style 0, without
-- counterpart, is not counted. Numbers can have gaps: then the highest exceeds the count.
--
-- reads     style_totals
-- scope     whole
-- grain     dataset, split, styles
-- column    styles: different styles above zero of one pair_id; 0 when all its items are style 0
-- column    pair_ids: pair_ids with that number of styles
-- column    pair_ids_with_gaps: those of them whose numbers have a gap
-- column    highest_style: the highest style number among them; null without styles
-- plot      column x=styles y=pair_ids color=split

with styled as (
    select
        dataset,
        split,
        pair_id,
        count(distinct case when style > 0 then style end) as styles,
        max(case when style > 0 then style end) as highest_style
    from style_totals
    group by dataset, split, pair_id
)

select
    dataset,
    split,
    styles,
    count(*) as pair_ids,
    count(*) filter (where highest_style > styles) as pair_ids_with_gaps,
    max(highest_style) as highest_style
from styled
group by dataset, split, styles
order by dataset, split, styles
