-- Splits whose totals differ from those of the released data.
--
-- Each released total of a split with images is compared; a split without images was not
-- downloaded and is not compared. A difference under 2 % means lost rows, a larger one an excerpt
-- or an incomplete download: the grade says which. Totals of the paper's edition, which was never
-- released, and pairs of images, whose rule of counting is unknown, are not compared. The statistic
-- published_totals shows all totals.
--
-- reads     published_totals, split_totals
-- scope     whole
-- severity  warn
-- action    Nothing for a sample or an excerpt. Else look for missing files and at `wardrobe
--           rejections`.
-- examines  published_totals semi join split_totals using (dataset, split)
--           where published_totals.edition = 'released'
--           and published_totals.measure <> 'image_pairs'
-- grain     dataset, split, measure
-- column    measure: what is counted
-- column    published: the released total
-- column    ours: the total of this lake
-- column    difference: ours minus published
-- column    grade: the size of the difference: `under_2_percent` of the released total,
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
