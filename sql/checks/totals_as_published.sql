-- Splits that are not what was released.
--
-- Every released figure of a split with images is compared; a split without images was not
-- downloaded and is left out. Less than 2 % missing are rows that got lost, more are an excerpt or
-- a broken download: the grade tells them apart. The paper's edition was never released, and pairs
-- of images were not counted by a known rule; both are left out. The statistic published_totals
-- shows every figure.
--
-- reads     published_totals, split_totals
-- severity  warn
-- grain     dataset, split, measure
-- column    dataset: source dataset
-- column    split: split, as the source names it
-- column    measure: what is counted
-- column    published: the released figure
-- column    ours: the same in this lake
-- column    difference: ours minus published
-- column    grade: the size of the difference: `under_2_percent` of the released figure,
--           `under_half` of it, or `over_half`

select
    dataset,
    split,
    published_totals.measure,
    published_totals.published,
    published_totals.ours,
    published_totals.difference,
    case
        when abs(published_totals.difference) * 50 < published_totals.published
            then 'under_2_percent'
        when abs(published_totals.difference) * 2 < published_totals.published then 'under_half'
        else 'over_half'
    end as grade
from published_totals
semi join split_totals using (dataset, split)
where published_totals.edition = 'released'
    and published_totals.measure <> 'image_pairs'
    and published_totals.difference <> 0
order by dataset, split, published_totals.measure
